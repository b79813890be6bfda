# What tools/quickstart.sh runs: the proposed model at B0's size, from random
# weights, on the synthetic micrographs of tools/make_sample.py.
_base_ = [
    '../_base_/models/segformer_mit-b0.py', '../_base_/datasets/sem_crops.py',
    '../_base_/schedules/iters_cpu.py', '../_base_/default_runtime.py'
]

# No dropout: so short a run has no time to overfit.
model = dict(
    backbone=dict(init_cfg=None, drop_path_rate=0.0),
    neck=dict(
        type='MultiScaleCrossAttentionNeck', in_channels=[32, 64, 160, 256]),
    decode_head=dict(
        in_channels=[64, 128, 320, 256], num_classes=3, dropout_ratio=0.0))

# Two cores and six minutes.
train_cfg = dict(max_iters=240, val_interval=120)
default_hooks = dict(checkpoint=dict(interval=120))
custom_hooks = [dict(type='PanelHook')]
randomness = dict(seed=0)  # the README prints what it gives
