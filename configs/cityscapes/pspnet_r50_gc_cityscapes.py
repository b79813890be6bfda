# The fair rival of pspnet_r50_dpsa_cityscapes.py, see
# fcn_r50_gc_cityscapes.py.
_base_ = [
    './pspnet_r50_cityscapes.py', '../_base_/models/plugin_places.py'
]

model = dict(
    backbone=dict(plugins=[
        dict(cfg=dict(type='ContextBlock', ratio=1 / 16), **_base_.places)
    ]))
