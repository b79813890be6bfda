# The proposed model at B0's size on MetalDAM: the neck is all that differs
# from segformer_mit-b0_metaldam.py.
_base_ = './segformer_mit-b0_metaldam.py'

model = dict(
    neck=dict(
        type='MultiScaleCrossAttentionNeck', in_channels=[32, 64, 160, 256]),
    decode_head=dict(in_channels=[64, 128, 320, 256]))
