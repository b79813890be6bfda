# Segmenter with a linear decoder over ViT-Ti/16, from random weights, for a
# CPU. See segmenter-linear_vit-s16.py and setr-naive_vit-ti16.py.
_base_ = './segmenter-mask_vit-ti16.py'

model = dict(
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_channels=192,
        channels=192,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=3))
