# Pre-activation residual units, three levels and a bridge, as in the paper
# that introduced it.
_base_ = './unet.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='ResUNet',
        channels=(64, 128, 256, 512),
        norm_cfg=dict(type='SyncBN', requires_grad=True)),
    decode_head=dict(in_index=3))
