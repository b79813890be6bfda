# SETR, naive, over ViT-Ti/16, from random weights, for a CPU. See
# setr-naive_vit-l16.py. From random weights it shows the code path, not the
# method: a plain ViT wants far more images or steps.
_base_ = './setr-naive_vit-l16.py'

model = dict(
    backbone=dict(
        img_size=(256, 256),
        embed_dims=192,
        num_layers=12,
        num_heads=3,
        out_indices=(4, 7, 9, 11),  # the auxiliary heads see four depths
        init_cfg=None),
    decode_head=dict(in_channels=192, channels=64, num_classes=3),
    auxiliary_head=[
        dict(head, in_channels=192, channels=64, num_classes=3)
        for head in _base_.model.auxiliary_head
    ])
