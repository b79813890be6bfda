# SegFormer-B0 on NEU-Seg from random weights, within reach of a CPU.
_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/neu_seg.py', '../_base_/schedules/iters_cpu.py',
    '../_base_/default_runtime.py'
]

# No dropout: so short a run has no time to overfit.
model = dict(
    backbone=dict(init_cfg=None, drop_path_rate=0.0),
    decode_head=dict(num_classes=4, dropout_ratio=0.0))
