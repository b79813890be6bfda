# SegFormer-B0 on KolektorSDD2 from random weights, within reach of a CPU.
_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/ksdd2_small.py',
    '../_base_/schedules/iters_cpu.py', '../_base_/default_runtime.py'
]

# No dropout: so short a run has no time to overfit.
model = dict(
    backbone=dict(init_cfg=None, drop_path_rate=0.0),
    decode_head=dict(
        num_classes=2,
        dropout_ratio=0.0,
        # see unet.py and unet_c16.py in _base_/models
        loss_decode=dict(
            type='CrossEntropyDiceLoss', class_weight=[1.0, 10.0])))
