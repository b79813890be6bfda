# Every architecture at its small size on NASA's Super1.
_base_ = './_base_/survey.py'

title = 'Architectures on Super1'
data_root = 'data/nasa_super1'
data_help = (
    "Get NASA's Super1, then: python tools/convert_masks.py NASA_SUPER1 "
    'data/nasa_super1 --recipe nasa_super1')
fill = dict(folder='super1', data='super1')
budget = '1500 steps of four 256 x 256 crops'
input_size = (256, 256)
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name, unit='%', digits=1)
        for name in ('matrix', 'secondary', 'tertiary')
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
