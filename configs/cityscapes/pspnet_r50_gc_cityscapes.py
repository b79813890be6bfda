# The fair rival of pspnet_r50_dpsa_cityscapes.py, see
# fcn_r50_gc_cityscapes.py.
_base_ = './pspnet_r50_dpsa_cityscapes.py'

model = dict(
    backbone=dict(plugins=[
        dict(
            _base_.model.backbone.plugins[0],
            cfg=dict(type='ContextBlock', ratio=1 / 16))
    ]))
