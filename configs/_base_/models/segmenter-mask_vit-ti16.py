# Segmenter over ViT-Ti/16, from random weights, for a CPU. See
# segmenter-mask_vit-s16.py and setr-naive_vit-ti16.py.
_base_ = './segmenter-mask_vit-s16.py'

model = dict(
    backbone=dict(
        img_size=(256, 256),
        embed_dims=192,
        num_heads=3,
        drop_path_rate=0.0,  # so short a run has no time to overfit
        init_cfg=None),
    decode_head=dict(
        in_channels=192,
        channels=192,
        embed_dims=192,
        num_heads=3,
        num_classes=3))
