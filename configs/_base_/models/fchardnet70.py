# FC-HarDNet-70. The authors' recipe for Cityscapes: SGD, learning rate 0.02
# (poly, 0.9), momentum 0.9, weight decay 5e-4, 90 000 iterations of 16 crops
# of 1024 x 1024, scaled by 0.5 to 2 and flipped, from their ImageNet weights:
# backbone.init_cfg=dict(type='Pretrained', checkpoint=FILE).
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        # the deepest map's stride; the pools would drop what does not divide
        size_divisor=64,
        test_cfg=dict(size_divisor=64)),
    backbone=dict(type='HarDNet', arch='70-seg', norm_cfg=norm_cfg),
    decode_head=dict(
        type='FCHarDNetHead',
        arch='70-seg',
        num_classes=19,
        norm_cfg=norm_cfg,
        # the authors'; classes of few pixels gain most
        loss_decode=dict(type='BootstrappedCrossEntropyLoss')),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
