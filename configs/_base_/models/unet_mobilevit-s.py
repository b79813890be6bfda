# U-Net on the feature maps of MobileViT.
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        # what MobileViT's weights were trained on: BGR, 0 to 1
        mean=[0, 0, 0],
        std=[255, 255, 255],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=32),
    backbone=dict(
        type='mmpretrain.MobileViT',
        arch='small',
        out_indices=(0, 1, 2, 3, 4),  # strides 2, 4, 8, 16, 32
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'mobilevit/mobilevit-small_3rdparty_in1k_20221018-cb4f741c.pth')),
    decode_head=dict(
        type='UNetDecodeHead',
        in_channels=[32, 64, 96, 128, 640],
        # four blocks with a skip, and one up to the input's own size
        decoder_channels=[256, 128, 64, 32, 16],
        num_classes=3,
        norm_cfg=dict(type='SyncBN', requires_grad=True)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
