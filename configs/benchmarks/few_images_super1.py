# What pretrained weights, the decoder and the plan are worth on ten images.
_base_ = './_base_/few_images.py'

title = 'Super1, ten training images'
data_root = 'data/nasa_super1'
data_help = (
    "Get NASA's Super1, then: python tools/convert_masks.py NASA_SUPER1 "
    'data/nasa_super1 --recipe nasa_super1')
input_size = (256, 256)  # the crop
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name, unit='%', digits=1)
        for name in ('matrix', 'secondary', 'tertiary')
    },
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
rows = dict(
    today=dict(
        title='SegFormer-B0, random',
        config='../super1/segformer_mit-b0_super1.py'),
    segformer_random=dict(
        title='SegFormer, Lite0, random',
        config='../super1/segformer_efficientnet-lite0_super1.py',
        cfg_options={'model.backbone.init_cfg': None}),
    segformer=dict(
        title='SegFormer, Lite0, ImageNet',
        config='../super1/segformer_efficientnet-lite0_super1.py'),
    unet_random=dict(
        title='U-Net, Lite0, random',
        config='../super1/unet_efficientnet-lite0_super1.py',
        cfg_options={'model.backbone.init_cfg': None}),
    unet=dict(
        title='U-Net, Lite0, ImageNet',
        config='../super1/unet_efficientnet-lite0_super1.py'),
    plan=dict(
        title='plan',
        plan=dict(classes=('matrix', 'secondary', 'tertiary'))))
