# U-Net on the feature maps of EfficientNet-Lite0, whose ImageNet weights a pip
# package brings (extra `encoders`): no download at training.
_base_ = []

from mmseg_ext.engine import require_extra  # noqa: E402

require_extra('timm', 'encoders')
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.5, 127.5, 127.5],  # these weights' own
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=32,
        test_cfg=dict(size_divisor=32)),
    backbone=dict(
        type='TimmBackbone',
        model_name='tf_efficientnet_lite0',
        init_cfg=dict(
            type='Pretrained', checkpoint='package://efficientnet_lite0')),
    decode_head=dict(
        type='UNetDecodeHead',
        in_channels=[16, 24, 40, 112, 320],  # strides 2, 4, 8, 16, 32
        # A block for each skip: logits at stride 2. [128, 64, 32, 16] was 7
        # to 9 IoU behind [256, 128, 96, 64] on the large phases of MetalDAM
        # at half its size; these reach what those do on Super1 at half its
        # size (300 steps, one seed each).
        decoder_channels=[256, 128, 64, 32],
        num_classes=3,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        dropout_ratio=0.0,  # so short a run has no time to overfit
        align_corners=False),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
