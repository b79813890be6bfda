# The proposed model at B0's size, for one small GPU or a CPU.
_base_ = './segformer_mit-b0_sem.py'

model = dict(
    neck=dict(
        type='MultiScaleCrossAttentionNeck', in_channels=[32, 64, 160, 256]),
    decode_head=dict(in_channels=[64, 128, 320, 256]))
