# U-Net over the packaged encoder on KolektorSDD2, from ImageNet
# weights and within reach of a CPU.
_base_ = [
    '../_base_/models/unet_efficientnet-lite0.py',
    '../_base_/datasets/ksdd2_small.py',
    '../_base_/schedules/iters_cpu.py', '../_base_/default_runtime.py'
]

model = dict(
    decode_head=dict(
        num_classes=2,
        # see unet.py and unet_c16.py in _base_/models
        loss_decode=dict(
            type='CrossEntropyDiceLoss', class_weight=[1.0, 10.0])))
