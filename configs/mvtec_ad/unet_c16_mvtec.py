# U-Net of a quarter of the width, within reach of a CPU.
_base_ = [
    '../_base_/models/unet_c16.py', '../_base_/datasets/mvtec_ad_small.py',
    '../_base_/schedules/mvtec_cpu.py', '../_base_/default_runtime.py'
]
