# BiSeNet V2 on Cityscapes, as mmseg trains it.
_base_ = [
    '../_base_/models/bisenetv2.py',
    '../_base_/datasets/cityscapes_1024x1024.py',
    '../_base_/schedules/bisenet_160k.py', '../_base_/default_runtime.py'
]
