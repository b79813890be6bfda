# mmseg's DPT with the head of this package: ViT-B/16 at 256 x 256, its
# layers 3, 6, 9 and 12 (counted from 0 below).
_base_ = 'mmseg::_base_/models/dpt_vit-b16.py'

# mmpretrain's ViT, because its ImageNet weights are there to download; those
# of upstream's config have to be converted by hand.
model = dict(
    data_preprocessor=dict(
        mean=[127.5, 127.5, 127.5],  # these weights' own
        std=[127.5, 127.5, 127.5],
        size_divisor=16,  # whole patches
        test_cfg=dict(size_divisor=16)),
    pretrained=None,
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VisionTransformer',
        arch='base',
        img_size=256,
        patch_size=16,
        out_indices=(2, 5, 8, 11),
        out_type='raw',  # tokens, the class token first: the readout needs it
        final_norm=False,
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'vit/finetune/vit-base-p16_in21k-pre-3rdparty_ft-64xb64_in1k-384_'
            '20210928-98e8652b.pth')),
    decode_head=dict(
        type='DPTDecodeHead',
        num_classes=2,
        # see unet.py
        loss_decode=dict(type='CrossEntropyDiceLoss')))
