# U-Net on MVTec AD.
_base_ = [
    '../_base_/models/unet.py', '../_base_/datasets/mvtec_ad.py',
    '../_base_/schedules/iters_20k.py', '../_base_/default_runtime.py'
]
