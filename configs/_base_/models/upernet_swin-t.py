# UPerNet over Swin-T with mmseg's ImageNet weights. Swin: attention within
# windows of 7 x 7, in every second block shifted by 3, with a learned bias for
# each relative position. It costs 2 M^2 HW C in place of 2 (HW)^2 C: a saving
# of HW / M^2 (84 times on a 64 x 64 map with M = 7), not of M^2. UPerNet:
# PSPNet's pyramid on the coarsest map alone; 1x1 convolutions, sums from
# coarse to fine and a 3x3 convolution on each; all enlarged to stride 4, side
# by side, into a 3x3 convolution. Training needs two images or more per batch,
# see pspnet_r50.py.
_base_ = 'mmseg::_base_/models/upernet_swin.py'

model = dict(
    # else windows and merged patches are padded inside of the network
    data_preprocessor=dict(size_divisor=32, test_cfg=dict(size_divisor=32)),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmsegmentation/v0.5/'
            'pretrain/swin/swin_tiny_patch4_window7_224_20220317-1cdeb081.pth'
        )))
