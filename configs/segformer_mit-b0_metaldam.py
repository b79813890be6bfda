# SegFormer-B0 on MetalDAM from random weights, within reach of a CPU.
_base_ = [
    './_base_/models/segformer_mit-b0.py', './_base_/datasets/metaldam.py',
    './_base_/schedules/iters_cpu.py', './_base_/default_runtime.py'
]

model = dict(
    backbone=dict(init_cfg=None), decode_head=dict(num_classes=5))
