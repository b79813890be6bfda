# SegFormer's head over EfficientNet-Lite0, whose last step is at stride 2.
_base_ = './segformer_efficientnet-lite0.py'

model = dict(
    backbone=dict(out_indices=(0, 1, 2, 3, 4)),  # strides 2, 4, 8, 16, 32
    decode_head=dict(
        type='DetailSegformerHead',
        in_index=None,
        detail_in_channels=[16],
        # a third of the time of U-Net's blocks at this stride
        detail_channels=[32]))
