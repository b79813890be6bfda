# FCN with ResNet-18 on Cityscapes as mmseg trains it, see
# fcn_r50_cityscapes.py.
_base_ = './fcn_r50_cityscapes.py'

model = dict(
    pretrained='open-mmlab://resnet18_v1c',
    backbone=dict(depth=18),
    decode_head=dict(in_channels=512, channels=128),
    auxiliary_head=dict(in_channels=256, channels=64))
