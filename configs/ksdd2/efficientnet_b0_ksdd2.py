# EfficientNet-B0: is a surface of KolektorSDD2 defective?
_base_ = [
    '../_base_/models/efficientnet_b0.py',
    '../_base_/datasets/ksdd2_classification.py',
    '../_base_/schedules/iters_20k.py', '../_base_/default_runtime.py'
]

# No schedule is stated in the paper. Each defective image is shown some 190
# times, each clean one some 20 times.
train_cfg = dict(max_iters=5000, val_interval=500)
default_hooks = dict(
    checkpoint=dict(interval=500, save_best='AP', rule='greater'))
