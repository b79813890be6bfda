# BiSeNet over ResNet-18 on Cityscapes, as mmseg trains it.
_base_ = [
    '../_base_/models/bisenetv1_r18.py',
    '../_base_/datasets/cityscapes_1024x1024.py',
    '../_base_/schedules/bisenet_160k.py', '../_base_/default_runtime.py'
]

optim_wrapper = dict(optimizer=dict(lr=0.025))
