# UPerNet, see upernet_swin-t.py, over EfficientNet-Lite0, see
# unet_efficientnet-lite0.py for its weights.
_base_ = './unet_efficientnet-lite0.py'

model = dict(
    backbone=dict(out_indices=(1, 2, 3, 4)),  # strides 4, 8, 16, 32
    decode_head=dict(
        _delete_=True,
        type='UPerHead',
        in_channels=[24, 40, 112, 320],
        in_index=[0, 1, 2, 3],
        channels=64,
        pool_scales=(1, 2, 3, 6),
        num_classes=3,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        dropout_ratio=0.0,
        align_corners=False))
