# PSPNet on Cityscapes as mmseg trains it, see fcn_r50_cityscapes.py.
_base_ = [
    'mmseg::_base_/models/pspnet_r50-d8.py',
    '../_base_/datasets/cityscapes.py',
    'mmseg::_base_/schedules/schedule_80k.py', '../_base_/default_runtime.py'
]

model = dict(data_preprocessor=dict(size=(512, 1024)))  # the crops'
