"""The two domains of an adaptation, as ``domain`` of a sample names them."""
SOURCE, TARGET = 'source', 'target'
