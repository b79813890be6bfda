# Every architecture at its small size on KolektorSDD2.
_base_ = './_base_/survey.py'

title = 'Architectures on KolektorSDD2'
data_root = 'data/ksdd2'
data_help = (
    'Lay out KolektorSDD2 as configs/ksdd2/README.md says, or write synthetic '
    'surfaces: python tools/make_sample.py ksdd2 data/ksdd2')
fill = dict(folder='ksdd2', data='ksdd2')
budget = '1500 steps of eight 128 x 112 crops of surfaces of 320 x 116'
input_size = (128, 112)  # the crop
columns = {
    'IoU.defect': dict(title='IoU', unit='%'),
    'Dice.defect': dict(title='Dice', unit='%'),
    'pixelAP': dict(title='pixel AP', unit='%'),
    'imageAP': dict(title='image AP', unit='%'),
    'imageAUROC': dict(title='image AUROC', unit='%'),
}
quick = dict(
    budget='200 steps of four 128 x 112 crops of surfaces of 320 x 116',
    cfg_options={
        'train_cfg.max_iters': 200,
        'default_hooks.checkpoint.interval': 100,
        'param_scheduler.0.end': 50,
        'train_dataloader.batch_size': 4,
    })
