# BiSeNet over ResNet-18 with torchvision's ImageNet weights. Spatial path: a
# 7x7 and two 3x3 convolutions, each of stride 2, and a 1x1, to stride 8.
# Context path: ResNet-18, its maps at strides 16 and 32 each through a 3x3
# convolution and weighted by the sigmoid of their own mean; the mean of the
# last one added; summed from coarse to fine. Fusion: a 1x1 convolution of both
# side by side, F, and channel attention a that is added: F + F * a. mmseg's a
# is one 1x1 convolution with batch normalisation, the paper's are two without.
# The losses of the head and of both auxiliary ones count alike. Training needs
# two images or more per batch, see pspnet_r50.py.
_base_ = 'mmseg::_base_/models/bisenetv1_r18-d32.py'

model = dict(
    data_preprocessor=dict(size_divisor=32, test_cfg=dict(size_divisor=32)),
    backbone=dict(
        backbone_cfg=dict(
            init_cfg=dict(
                type='Pretrained', checkpoint='torchvision://resnet18'))))
