# Where DeformablePSA stands in a ResNet of bottleneck blocks, and its rivals
# too. The paper inserts it "between convolution blocks" of any backbone and
# says no more.
places = dict(
    # Stages 3 and 4: deformable convolutions were introduced in the last
    # layers, and attention over the image needs features that mean
    # something. All four would take half as much memory again.
    stages=(False, False, True, True),
    # after a whole block: 4 times the width, 15 times the weights
    position='after_conv2')
