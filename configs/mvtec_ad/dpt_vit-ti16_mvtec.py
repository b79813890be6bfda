# DPT with the tiniest ViT, from random weights, within reach of a CPU.
_base_ = [
    '../_base_/models/dpt_vit-b16.py', '../_base_/datasets/mvtec_ad_small.py',
    '../_base_/schedules/mvtec_cpu.py', '../_base_/default_runtime.py'
]

model = dict(
    backbone=dict(arch='deit-tiny', init_cfg=None),
    decode_head=dict(
        in_channels=(192, 192, 192, 192),
        embed_dims=192,
        channels=64,
        post_process_channels=[24, 48, 96, 192],
        dropout_ratio=0.0,  # so short a run has no time to overfit
        loss_decode=dict(class_weight=[1.0, 10.0])))  # see unet_c16.py
