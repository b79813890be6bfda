# SETR, multi-level aggregation, over ViT-Ti/16, from random weights, for a
# CPU. See setr-mla_vit-l16.py and setr-naive_vit-ti16.py.
_base_ = './setr-mla_vit-l16.py'

model = dict(
    backbone=dict(
        img_size=(256, 256),
        embed_dims=192,
        num_layers=12,
        num_heads=3,
        out_indices=(2, 5, 8, 11),
        init_cfg=None),
    neck=dict(in_channels=[192, 192, 192, 192], out_channels=64),
    decode_head=dict(
        in_channels=(64, 64, 64, 64),
        channels=128,
        mla_channels=32,
        num_classes=3),
    auxiliary_head=[
        dict(head, in_channels=64, channels=64, num_classes=3)
        for head in _base_.model.auxiliary_head
    ])
