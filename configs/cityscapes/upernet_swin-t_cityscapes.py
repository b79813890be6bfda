# UPerNet over Swin-T on Cityscapes, with its schedule of ADE20K.
_base_ = [
    '../_base_/models/upernet_swin-t.py', '../_base_/datasets/cityscapes.py',
    '../_base_/schedules/swin_80k.py', '../_base_/default_runtime.py'
]
