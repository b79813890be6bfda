# FC-HarDNet-70 of half the width at half the resolution, for a CPU.
_base_ = [
    '../_base_/models/fchardnet70-w050.py',
    '../_base_/datasets/ksdd2_small.py',
    '../_base_/schedules/mvtec_cpu.py', '../_base_/default_runtime.py'
]

model = dict(
    decode_head=dict(
        num_classes=2,
        loss_decode=dict(  # as unet_c16.py's
            type='CrossEntropyDiceLoss', class_weight=[1.0, 10.0])))
