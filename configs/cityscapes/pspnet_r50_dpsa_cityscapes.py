# PSPNet with DeformablePSA in the backbone, see fcn_r50_dpsa_cityscapes.py
# for the places.
_base_ = './pspnet_r50_cityscapes.py'

model = dict(
    backbone=dict(plugins=[
        dict(
            cfg=dict(type='DeformablePSA'),
            stages=(False, False, True, True),
            position='after_conv2')
    ]))
