# U-Net of a quarter of the width on NASA's Super1, from random weights, within
# reach of a CPU.
_base_ = [
    '../_base_/models/unet_c16.py', '../_base_/datasets/nasa_super1.py',
    '../_base_/schedules/iters_cpu.py', '../_base_/default_runtime.py'
]

# The class weights of unet_c16.py are those of two classes.
model = dict(
    decode_head=dict(num_classes=3, loss_decode=dict(class_weight=None)))
