"""The halves of a training set that a search learns from."""

# of which the weights, and of which the architecture learns
WEIGHTS, ARCHITECTURE = 'weights', 'architecture'
