# mmpretrain's EfficientNet-B0 with two classes. Everything is named with its
# scope, since the configs of this package run in mmseg's.
model = dict(
    type='mmpretrain.ImageClassifier',
    data_preprocessor=dict(
        type='mmpretrain.ClsDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='mmpretrain.EfficientNet',
        arch='b0',
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'efficientnet/efficientnet-b0_3rdparty_8xb32_in1k_20220119-'
            'a7e2a0b1.pth')),
    neck=dict(type='mmpretrain.GeneralizedMeanPooling'),
    head=dict(
        type='mmpretrain.LinearClsHead',
        num_classes=2,
        in_channels=1280,
        loss=dict(type='mmpretrain.CrossEntropyLoss')))
