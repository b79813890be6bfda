# FCN with DeformablePSA in ResNet-18, which is all that differs from
# fcn_r18_cityscapes.py. mmseg inserts nothing in a block of two
# convolutions; PluginBackbone does, and loads the plain weights.
_base_ = './fcn_r18_cityscapes.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='PluginBackbone',
        backbone={{_base_.model.backbone}},
        plugin=dict(type='DeformablePSA'),
        # stages as in fcn_r50_dpsa_cityscapes.py; between a block's two
        # convolutions
        after=['layer[34].*.bn1']))
