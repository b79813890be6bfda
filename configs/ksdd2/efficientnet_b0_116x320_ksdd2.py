# EfficientNet-B0 at half the resolution, from random weights, within reach
# of a CPU.
_base_ = [
    '../_base_/models/efficientnet_b0.py',
    '../_base_/datasets/ksdd2_classification_small.py',
    '../_base_/schedules/iters_cpu.py', '../_base_/default_runtime.py'
]

model = dict(backbone=dict(init_cfg=None))
train_cfg = dict(max_iters=200, val_interval=50)
default_hooks = dict(
    checkpoint=dict(interval=50, save_best='AP', rule='greater'))
