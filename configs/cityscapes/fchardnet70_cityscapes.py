# FC-HarDNet-70 on Cityscapes, in mmseg's crops and 80 000 iterations.
_base_ = [
    '../_base_/models/fchardnet70.py', '../_base_/datasets/cityscapes.py',
    'mmseg::_base_/schedules/schedule_80k.py', '../_base_/default_runtime.py'
]

optim_wrapper = dict(optimizer=dict(lr=0.02))  # the authors'
