# The proposed neck between EfficientNet-Lite0 and SegFormer's head.
_base_ = './segformer_efficientnet-lite0.py'

model = dict(
    neck=dict(
        type='MultiScaleCrossAttentionNeck', in_channels=[24, 40, 112, 320]),
    decode_head=dict(in_channels=[48, 80, 224, 320]))
