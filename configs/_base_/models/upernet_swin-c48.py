# UPerNet over a Swin of half the width, from random weights, for a CPU. See
# upernet_swin-t.py. Wants a learning rate of 5e-4 or less and a warm-up:
# iters_cpu_transformer.py.
_base_ = './upernet_swin-t.py'

# no dropout: so short a run has no time to overfit
model = dict(
    backbone=dict(
        embed_dims=48,
        depths=[2, 2, 2, 2],
        num_heads=[2, 4, 8, 16],
        drop_path_rate=0.0,
        init_cfg=None),
    decode_head=dict(
        in_channels=[48, 96, 192, 384],
        channels=64,
        dropout_ratio=0.0,
        num_classes=3),
    auxiliary_head=dict(
        in_channels=192, channels=32, dropout_ratio=0.0, num_classes=3))
