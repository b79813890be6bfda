# A smaller Mask2Former for one small GPU or a CPU.
_base_ = './mask2former_r50_sem.py'

model = dict(
    backbone=dict(
        depth=18, init_cfg=dict(checkpoint='torchvision://resnet18')),
    decode_head=dict(
        in_channels=[64, 128, 256, 512],
        num_queries=20,  # three classes need no hundred
        pixel_decoder=dict(encoder=dict(num_layers=2)),
        transformer_decoder=dict(num_layers=3)))
