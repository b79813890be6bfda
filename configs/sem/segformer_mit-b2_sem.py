# SegFormer-B2 on metal SEM images, with mmseg's head of 256 channels.
_base_ = './segformer_mit-b5_sem.py'

checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth'

model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint=checkpoint), num_layers=[3, 4, 6, 3]))
