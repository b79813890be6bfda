# DPT-Hybrid over the encoder that comes with a package: maps at strides 4 and
# 8 as they are, and of a small transformer on that at stride 16, drawn at
# random, the tokens of layers 2 and 4. A third of a ViT-Ti's layers: few
# images do not train more.
_base_ = 'mmseg::_base_/models/dpt_vit-b16.py'

from mmseg_ext.basics.extras import require_extra  # noqa: E402

require_extra('timm', 'encoders')
model = dict(
    data_preprocessor=dict(
        mean=[127.5, 127.5, 127.5],  # these weights' own
        std=[127.5, 127.5, 127.5],
        size_divisor=32,
        test_cfg=dict(size_divisor=32)),
    pretrained=None,
    backbone=dict(
        _delete_=True,
        type='HybridTransformer',
        stem=dict(
            type='TimmBackbone',
            model_name='tf_efficientnet_lite0',
            out_indices=(1, 2, 3),  # strides 4, 8, 16
            init_cfg=dict(
                type='Pretrained', checkpoint='package://efficientnet_lite0')),
        stem_channels=[24, 40, 112],
        embed_dims=192,
        num_layers=4,
        num_heads=3,
        out_layers=(1, 3)),
    decode_head=dict(
        type='DPTDecodeHead',
        num_classes=2,
        stem_channels=[24, 40],
        embed_dims=192,
        in_channels=[24, 40, 192, 192],
        channels=64,
        post_process_channels=[24, 40, 96, 192],
        readout_type='ignore',
        # see unet.py
        loss_decode=dict(type='CrossEntropyDiceLoss')))
