# What pretrained weights, the decoder and the plan are worth on ten images.
_base_ = './_base_/few_images.py'

title = 'Super1, ten training images'
data_root = 'data/nasa_super1'
data_help = (
    "Get NASA's Super1, then: python tools/convert_masks.py NASA_SUPER1 "
    'data/nasa_super1 --recipe nasa_super1')
fill = dict(folder='super1', data='super1', today='segformer_mit-b0')
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
    segformer_detail=dict(
        title='SegFormer to stride 2, ImageNet',
        config='../{folder}/'
        'segformer-detail_efficientnet-lite0_{data}.py'),
    plan=dict(plan=dict(
        classes=('matrix', 'secondary', 'tertiary'))))
