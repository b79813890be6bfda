# FCN with DeformablePSA in the backbone, which is all that differs from
# fcn_r50_cityscapes.py.
_base_ = [
    './fcn_r50_cityscapes.py', '../_base_/models/plugin_places.py'
]

model = dict(
    backbone=dict(
        plugins=[dict(cfg=dict(type='DeformablePSA'), **_base_.places)]))
