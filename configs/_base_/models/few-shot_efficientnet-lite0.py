# Learns to match images with labelled ones by the frozen feature maps of
# EfficientNet-Lite0, whose ImageNet weights a pip package brings (extra
# `encoders`).
_base_ = []

from mmseg_ext.engine import require_extra  # noqa: E402

require_extra('timm', 'encoders')
model = dict(
    type='FewShotEncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.5, 127.5, 127.5],  # these weights' own
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=16,
        test_cfg=dict(size_divisor=16)),
    backbone=dict(
        type='TimmBackbone',
        model_name='tf_efficientnet_lite0',
        # Stride 16: defects were found by half as much at 8 or at 32.
        out_indices=[3],
        init_cfg=dict(
            type='Pretrained', checkpoint='package://efficientnet_lite0')),
    decode_head=dict(
        type='MatchHead',
        in_channels=112,
        in_index=0,
        channels=64,
        matcher='dense',
        num_classes=2,
        dropout_ratio=0.0,
        align_corners=False),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
