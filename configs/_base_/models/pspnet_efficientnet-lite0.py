# PSPNet's pyramid, see pspnet_r50.py, over EfficientNet-Lite0, see
# unet_efficientnet-lite0.py for its weights. Dilation holds the last map at
# stride 16: at PSPNet's 8 a step takes three times as long.
_base_ = './unet_efficientnet-lite0.py'

model = dict(
    backbone=dict(out_indices=(4, ), output_stride=16),
    decode_head=dict(
        _delete_=True,
        type='PSPHead',
        in_channels=320,
        in_index=0,
        channels=80,  # a quarter, as of ResNet-50's 2048
        pool_scales=(1, 2, 3, 6),
        num_classes=3,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        dropout_ratio=0.0,
        align_corners=False))
