# What pretrained weights, the decoder and the plan are worth on a few dozen
# images of one product.
_base_ = './_base_/few_images.py'

title = 'One category of MVTec AD'
data_root = 'data/mvtec_ad'
data_help = (
    'Lay out one category of MVTec AD as configs/mvtec_ad/README.md says, '
    'alone in a folder')
input_size = (256, 256)  # the crop
columns = {
    'category_mean.IoU.anomaly': dict(title='IoU', unit='%', digits=1),
    'category_mean.pixelAP': dict(title='pixel AP', unit='%', digits=1),
    'category_mean.imageAUROC': dict(
        title='image AUROC', unit='%', digits=1),
}
rows = dict(
    today=dict(
        title='U-Net c16, random',
        config='../mvtec_ad/unet_c16_mvtec.py'),
    segformer_random=dict(
        title='SegFormer, Lite0, random',
        config='../mvtec_ad/segformer_efficientnet-lite0_mvtec.py',
        cfg_options={'model.backbone.init_cfg': None}),
    segformer=dict(
        title='SegFormer, Lite0, ImageNet',
        config='../mvtec_ad/segformer_efficientnet-lite0_mvtec.py'),
    unet_random=dict(
        title='U-Net, Lite0, random',
        config='../mvtec_ad/unet_efficientnet-lite0_mvtec.py',
        cfg_options={'model.backbone.init_cfg': None}),
    unet=dict(
        title='U-Net, Lite0, ImageNet',
        config='../mvtec_ad/unet_efficientnet-lite0_mvtec.py'),
    plan=dict(title='plan', plan=dict()))
