# Every architecture at its small size on NEU-Seg.
_base_ = './_base_/survey.py'

title = 'Architectures on NEU-Seg'
data_root = 'data/neu_seg'
data_help = 'Lay out NEU-Seg as configs/neu_seg/README.md says'
fill = dict(folder='neu_seg', data='neu-seg')
budget = '1500 steps of eight images of 200 x 200'
input_size = (224, 224)  # an image, padded
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name, unit='%', digits=1)
        for name in ('inclusion', 'patches', 'scratches')
    },
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
quick = dict(
    budget='100 steps of four images of 200 x 200',
    cfg_options={
        'train_cfg.max_iters': 100,
        'default_hooks.checkpoint.interval': 50,
        'param_scheduler.0.end': 25,
        'train_dataloader.batch_size': 4,
    })
