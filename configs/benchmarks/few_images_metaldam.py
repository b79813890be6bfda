# What pretrained weights, the decoder and the plan are worth on 24 images.
_base_ = './_base_/few_images.py'

title = 'MetalDAM, 24 training images'
data_root = 'data/metaldam'
data_help = 'Lay out MetalDAM as configs/metaldam/README.md says'
fill = dict(folder='metaldam', data='metaldam', today='segformer_mit-b0')
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
    segformer_detail=dict(
        title='SegFormer to stride 2, ImageNet',
        config='../{folder}/'
        'segformer-detail_efficientnet-lite0_{data}.py'),
    plan=dict(plan=dict(
        classes=('matrix', 'austenite', 'martensite_austenite',
                 'precipitate', 'defect'))))
