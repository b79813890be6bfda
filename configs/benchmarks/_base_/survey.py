# What the surveys of architectures share: the models at their small size, each
# in the precision that its config asks for, the last five from ImageNet
# weights that a package brings (extra `encoders`), all others from random
# ones.
seeds = [0, 1, 2]
rows = dict(
    unet_c16=dict(
        title='U-Net, c16', config='../{folder}/unet_c16_{data}.py'),
    segformer_b0=dict(
        title='SegFormer-B0',
        config='../{folder}/segformer_mit-b0_{data}.py'),
    pspnet=dict(
        title='PSPNet, R18 c16',
        config='../{folder}/pspnet_r18-c16_{data}.py'),
    setr_naive=dict(
        title='SETR naive, ViT-Ti/16',
        config='../{folder}/setr-naive_vit-ti16_{data}.py'),
    setr_pup=dict(
        title='SETR PUP, ViT-Ti/16',
        config='../{folder}/setr-pup_vit-ti16_{data}.py'),
    setr_mla=dict(
        title='SETR MLA, ViT-Ti/16',
        config='../{folder}/setr-mla_vit-ti16_{data}.py'),
    segmenter_mask=dict(
        title='Segmenter mask, ViT-Ti/16',
        config='../{folder}/segmenter-mask_vit-ti16_{data}.py'),
    segmenter_linear=dict(
        title='Segmenter linear, ViT-Ti/16',
        config='../{folder}/segmenter-linear_vit-ti16_{data}.py'),
    upernet_swin=dict(
        title='UPerNet, Swin c48',
        config='../{folder}/upernet_swin-c48_{data}.py'),
    bisenetv1=dict(
        title='BiSeNet V1, R18 c16',
        config='../{folder}/bisenetv1_r18-c16_{data}.py'),
    bisenetv2=dict(
        title='BiSeNet V2, c16',
        config='../{folder}/bisenetv2_c16_{data}.py'),
    fchardnet=dict(
        title='FC-HarDNet-70, half width',
        config='../{folder}/fchardnet70-w050_{data}.py'),
    unet_lite0=dict(
        title='U-Net, EfficientNet-Lite0',
        config='../{folder}/unet_efficientnet-lite0_{data}.py'),
    segformer_lite0=dict(
        title='SegFormer, EfficientNet-Lite0',
        config='../{folder}/segformer_efficientnet-lite0_{data}.py'),
    pspnet_lite0=dict(
        title='PSPNet, EfficientNet-Lite0',
        config='../{folder}/pspnet_efficientnet-lite0_{data}.py'),
    upernet_lite0=dict(
        title='UPerNet, EfficientNet-Lite0',
        config='../{folder}/upernet_efficientnet-lite0_{data}.py'),
    bisenetv1_lite0=dict(
        title='BiSeNet V1, EfficientNet-Lite0',
        config='../{folder}/bisenetv1_efficientnet-lite0_{data}.py'))
