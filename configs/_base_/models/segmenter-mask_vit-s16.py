# Segmenter over ViT-S/16 with mmseg's ImageNet weights. The embeddings of K
# classes stand beside the N patches, and all go through two transformer layers
# together (joint self-attention, not cross-attention). A mask is the product
# of a patch and a class, both projected and of length 1, normalised over the
# classes: (N, K), at stride 16, enlarged bilinearly. Nothing weighs the masks
# after that.
_base_ = 'mmseg::_base_/models/segmenter_vit-b16_mask.py'

model = dict(
    # whole patches, see setr-naive_vit-l16.py
    data_preprocessor=dict(size_divisor=16, test_cfg=dict(size_divisor=16)),
    pretrained=None,
    backbone=dict(
        embed_dims=384,
        num_heads=6,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmsegmentation/v0.5/'
            'pretrain/segmenter/vit_small_p16_384_20220308-410f6037.pth')),
    decode_head=dict(
        in_channels=384,
        channels=384,
        embed_dims=384,
        num_heads=6,
        num_classes=19),
    # windows are the data set's to say
    test_cfg=dict(_delete_=True, mode='whole'))
