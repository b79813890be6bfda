# The proposed neck between MiT-B0 and SegFormer's head.
_base_ = './segformer_mit-b0.py'

model = dict(
    neck=dict(
        type='MultiScaleCrossAttentionNeck', in_channels=[32, 64, 160, 256]),
    decode_head=dict(in_channels=[64, 128, 320, 256]))
