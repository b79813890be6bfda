# The small models on MetalDAM: with and without the proposed neck, its
# direction and integration, and the image enlarged inside the model.
_base_ = './_base_/small_crops.py'

title = 'Small models on MetalDAM'
data_root = 'data/metaldam'
data_help = 'Lay out MetalDAM as configs/metaldam/README.md says'
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
    segformer_b0=dict(
        title='SegFormer-B0',
        config='../metaldam/segformer_mit-b0_metaldam.py'),
    proposed=dict(
        title="proposed, B0's size",
        config='../metaldam/segformer_xattn_mit-b0_metaldam.py'),
    backward=dict(
        title='proposed, backward',
        config='../metaldam/segformer_xattn_mit-b0_metaldam.py',
        cfg_options={
            'model.neck.direction': 'backward',
            'model.decode_head.in_channels': [32, 128, 320, 512],
        }),
    addition=dict(
        title='proposed, addition',
        config='../metaldam/segformer_xattn_mit-b0_metaldam.py',
        cfg_options={
            'model.neck.integration': 'add',
            'model.decode_head.in_channels': [32, 64, 160, 256],
        }),
    segformer_b0_2x=dict(
        title='SegFormer-B0, enlarge=2',
        config='../metaldam/segformer_mit-b0_metaldam.py',
        cfg_options={'model.backbone.enlarge': 2}),
    proposed_2x=dict(
        title="proposed, B0's size, enlarge=2",
        config='../metaldam/segformer_xattn_mit-b0_metaldam.py',
        cfg_options={'model.backbone.enlarge': 2}))
