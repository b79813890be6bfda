# What SegFormer-B0 over an enlarged image teaches itself without: logits at
# each pixel, logits in each channel, features; beside the plain one, also for
# longer.
_base_ = './_base_/small_crops.py'

title = 'SegFormer-B0 on MetalDAM: distillation'
runs = 'metaldam'  # teacher and plain model are rows of metaldam.py
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
    segformer_b0_2x=dict(
        title='teacher: SegFormer-B0, enlarge=2',
        config='../metaldam/segformer_mit-b0_metaldam.py',
        cfg_options={'model.backbone.enlarge': 2}),
    segformer_b0=dict(
        title='SegFormer-B0',
        config='../metaldam/segformer_mit-b0_metaldam.py'),
    plain_longer=dict(
        title='SegFormer-B0, 1.5 x the steps',
        config='../metaldam/segformer_mit-b0_metaldam.py',
        cfg_options={'train_cfg.max_iters': 2250},
        quick=dict(cfg_options={'train_cfg.max_iters': 450})),
    pixel=dict(
        title='SegFormer-B0, pixel',
        config='../metaldam/segformer_mit-b0_distill_metaldam.py',
        teacher='segformer_b0_2x'),
    channel=dict(
        title='SegFormer-B0, channel',
        config='../metaldam/segformer_mit-b0_distill_metaldam.py',
        cfg_options={
            'model.distill.loss': dict(
                _delete_=True, type='ChannelDistillLoss')
        },
        teacher='segformer_b0_2x'),
    feature=dict(
        title='SegFormer-B0, feature',
        config='../metaldam/segformer_mit-b0_distill_metaldam.py',
        cfg_options={
            'model.distill.loss': None,
            'model.distill.feature': dict(),
        },
        teacher='segformer_b0_2x'))
