# SegFormer's head with a last step at stride 2, over the packaged encoder on
# NASA's Super1, from ImageNet weights and within reach of a CPU.
_base_ = [
    '../_base_/models/segformer-detail_efficientnet-lite0.py',
    '../_base_/datasets/nasa_super1.py', '../_base_/schedules/iters_cpu.py',
    '../_base_/default_runtime.py'
]

model = dict(decode_head=dict(num_classes=3))
