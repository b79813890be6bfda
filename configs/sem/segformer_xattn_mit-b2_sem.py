# The proposed model at B2's size.
_base_ = './segformer_xattn_mit-b0_sem.py'

checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth'

model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint=checkpoint),
        embed_dims=64,
        num_layers=[3, 4, 6, 3]),
    neck=dict(in_channels=[64, 128, 320, 512]),
    decode_head=dict(in_channels=[128, 256, 640, 512]))
