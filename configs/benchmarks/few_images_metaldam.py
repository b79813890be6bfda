# What pretrained weights, the decoder and the plan are worth on 24 images.
_base_ = './_base_/few_images.py'

title = 'MetalDAM, 24 training images'
data_root = 'data/metaldam'
data_help = 'Lay out MetalDAM as configs/metaldam/README.md says'
input_size = (256, 256)  # the crop
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name.replace('_', '/'), unit='%', digits=1)
        for name in ('matrix', 'austenite', 'martensite_austenite',
                     'precipitate', 'defect')
    },
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
rows = dict(
    today=dict(
        title='SegFormer-B0, random',
        config='../metaldam/segformer_mit-b0_metaldam.py'),
    segformer_random=dict(
        title='SegFormer, Lite0, random',
        config='../metaldam/segformer_efficientnet-lite0_metaldam.py',
        cfg_options={'model.backbone.init_cfg': None}),
    segformer=dict(
        title='SegFormer, Lite0, ImageNet',
        config='../metaldam/segformer_efficientnet-lite0_metaldam.py'),
    unet_random=dict(
        title='U-Net, Lite0, random',
        config='../metaldam/unet_efficientnet-lite0_metaldam.py',
        cfg_options={'model.backbone.init_cfg': None}),
    unet=dict(
        title='U-Net, Lite0, ImageNet',
        config='../metaldam/unet_efficientnet-lite0_metaldam.py'),
    plan=dict(
        title='plan',
        plan=dict(classes=('matrix', 'austenite', 'martensite_austenite',
                           'precipitate', 'defect'))))
