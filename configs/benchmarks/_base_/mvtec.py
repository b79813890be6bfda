# What the suites on MVTec AD share.
runs = 'mvtec_table1'  # U-Net is a row of both
data_root = 'data/mvtec_ad'
data_help = (
    'Lay out MVTec AD as configs/mvtec_ad/README.md says, or write synthetic '
    'pictures: python tools/make_sample.py mvtec data/mvtec_ad')
seeds = [0, 1, 2]  # of the training; the split stays the same
budget = '20 000 steps of 16 images of 256 x 256'
input_size = (256, 256)
quick = dict(
    budget='500 steps of four images of 256 x 256, small models in place of '
    'large ones, from random weights but for those over EfficientNet-Lite0, '
    'bfloat16 where the CPU has it',
    cfg_options={
        'optim_wrapper.type': 'CpuAmpOptimWrapper',
        'train_cfg.max_iters': 500,
        'default_hooks.checkpoint.interval': 250,
    })
