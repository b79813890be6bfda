# Learns to match images with labelled ones by the frozen feature maps of
# EfficientNet-Lite0, see unet_efficientnet-lite0.py for its weights.
_base_ = './unet_efficientnet-lite0.py'

model = dict(
    type='FewShotEncoderDecoder',
    data_preprocessor=dict(
        size_divisor=16, test_cfg=dict(size_divisor=16)),
    # Stride 16: defects were found by half as much at 8 or at 32.
    backbone=dict(out_indices=[3]),
    decode_head=dict(
        _delete_=True,
        type='MatchHead',
        in_channels=112,
        in_index=0,
        channels=64,
        matcher='dense',
        num_classes=2,
        dropout_ratio=0.0,
        align_corners=False))
