# BiSeNet, see bisenetv1_r18.py, with EfficientNet-Lite0 as its context path,
# see unet_efficientnet-lite0.py for its weights: mmseg's takes any backbone of
# four maps. Its fusion has as many inputs as the map at stride 16 has
# channels: 112, half of each path.
_base_ = './bisenetv1_r18-c16.py'

from mmseg_ext.engine import require_extra  # noqa: E402

require_extra('timm', 'encoders')
model = dict(
    data_preprocessor=dict(
        mean=[127.5, 127.5, 127.5],  # these weights' own
        std=[127.5, 127.5, 127.5]),
    backbone=dict(
        context_channels=(56, 112, 320),
        spatial_channels=(16, 16, 16, 56),
        backbone_cfg=dict(
            _delete_=True,
            type='TimmBackbone',
            model_name='tf_efficientnet_lite0',
            out_indices=(1, 2, 3, 4),  # strides 4, 8, 16, 32
            init_cfg=dict(
                type='Pretrained',
                checkpoint='package://efficientnet_lite0'))),
    auxiliary_head=[
        dict(head, in_channels=56) for head in _base_.model.auxiliary_head
    ])
