# U-Net of a quarter of the width on NEU-Seg, within reach of a CPU.
_base_ = [
    '../_base_/models/unet_c16.py', '../_base_/datasets/neu_seg.py',
    '../_base_/schedules/iters_cpu_bf16.py', '../_base_/default_runtime.py'
]

# No class weights: an eighth of the pixels show defects, and Dice is there.
model = dict(
    decode_head=dict(num_classes=4, loss_decode=dict(class_weight=None)))
