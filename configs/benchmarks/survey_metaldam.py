# Every architecture at its small size on MetalDAM.
_base_ = './_base_/survey.py'

title = 'Architectures on MetalDAM'
data_root = 'data/metaldam'
data_help = 'Lay out MetalDAM as configs/metaldam/README.md says'
fill = dict(folder='metaldam', data='metaldam')
budget = '1500 steps of four 256 x 256 crops'
input_size = (256, 256)
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
quick = dict(
    budget='150 steps of four 128 x 128 crops',
    input_size=(128, 128),
    cfg_options={
        'train_cfg.max_iters': 150,
        'default_hooks.checkpoint.interval': 75,
        'param_scheduler.0.end': 50,
        'train_dataloader.dataset.pipeline.2.crop_size': (128, 128),
        # of the models that predict in windows of the crop's size
        'model.test_cfg.crop_size': (128, 128),
        'model.test_cfg.stride': (96, 96),
    })
