# PSPNet over ResNet-50 with mmseg's ImageNet weights. Its pyramid: average
# pooling to 1 x 1, 2 x 2, 3 x 3 and 6 x 6 (2 x 2 are the map's quadrants, not
# halves), each through a 1x1 convolution to 512 channels, enlarged to the
# map's size, beside the map itself (2048 + 4 * 512) into a 3x3 convolution.
# Stride 8 by dilation. Training needs two images or more per batch: batch
# normalisation of a 1 x 1 map has one value for each image.
_base_ = 'mmseg::_base_/models/pspnet_r50-d8.py'

model = dict(
    data_preprocessor=dict(size_divisor=32, test_cfg=dict(size_divisor=32)))
