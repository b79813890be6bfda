# fcn_r18-c16_cityscapes.py with DeformablePSA, which is all that differs.
_base_ = './fcn_r18-c16_cityscapes.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='PluginBackbone',
        backbone={{_base_.model.backbone}},
        plugin=dict(type='DeformablePSA'),
        after=['layer[34].*.bn1']))
