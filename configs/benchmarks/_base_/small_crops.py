# What the suites on crops at the files' own resolution share.
seeds = [0, 1, 2]
budget = '1500 steps of four 256 x 256 crops from random weights'
input_size = (256, 256)  # the crop
quick = dict(
    budget='300 steps of four 256 x 256 crops from random weights',
    cfg_options={
        'train_cfg.max_iters': 300,
        'train_cfg.val_interval': 300,
        'default_hooks.checkpoint.interval': 100,
    })
