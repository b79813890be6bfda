# ResU-Net of a quarter of the width, within reach of a CPU.
_base_ = [
    '../_base_/models/resunet.py', '../_base_/datasets/mvtec_ad_small.py',
    '../_base_/schedules/mvtec_cpu.py', '../_base_/default_runtime.py'
]

model = dict(
    backbone=dict(channels=(16, 32, 64, 128)),
    decode_head=dict(
        in_channels=16,
        channels=16,
        dropout_ratio=0.0,
        loss_decode=dict(class_weight=[1.0, 10.0])))  # see unet_c16.py
