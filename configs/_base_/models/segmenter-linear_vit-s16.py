# Segmenter with a linear decoder: a 1x1 convolution on the patches of
# ViT-S/16, nothing else. See segmenter-mask_vit-s16.py.
_base_ = './segmenter-mask_vit-s16.py'

model = dict(
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_channels=384,
        channels=384,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=19))
