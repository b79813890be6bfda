# What the suites on KolektorSDD2 share.
runs = 'ksdd2'  # the small config as it is, is a row of both
data_root = 'data/ksdd2'
data_help = (
    'Lay out KolektorSDD2 as configs/ksdd2/README.md says, or write synthetic '
    'surfaces: python tools/make_sample.py ksdd2 data/ksdd2')
seeds = [0, 1, 2]
budget = (
    '1500 steps of eight 128 x 112 crops of surfaces of 320 x 116, from '
    'random weights, bfloat16 where the CPU has it')
input_size = (128, 112)  # the crop
columns = {
    'IoU.defect': dict(title='IoU', unit='%'),
    'Dice.defect': dict(title='Dice', unit='%'),
    'Recall.defect': dict(title='recall', unit='%'),
    'Precision.defect': dict(title='precision', unit='%'),
    'pixelAP': dict(title='pixel AP', unit='%'),
    'imageAP': dict(title='image AP', unit='%'),
    'imageAUROC': dict(title='image AUROC', unit='%'),
}
quick = dict(
    budget='500 steps of eight 128 x 112 crops of surfaces of 320 x 116, '
    'from random weights, bfloat16 where the CPU has it',
    cfg_options={
        'train_cfg.max_iters': 500,
        'default_hooks.checkpoint.interval': 250,
    })
