# SegFormer's head over the packaged encoder on NEU-Seg, from ImageNet
# weights and within reach of a CPU.
_base_ = [
    '../_base_/models/segformer_efficientnet-lite0.py',
    '../_base_/datasets/neu_seg.py', '../_base_/schedules/iters_cpu.py',
    '../_base_/default_runtime.py'
]

model = dict(decode_head=dict(num_classes=4))
