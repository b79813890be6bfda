# What the suites of paired comparisons share: the proposed neck's parts and a
# decoder of full resolution, each against the row that differs in it alone,
# over the packaged encoder (extra `encoders`) and from random weights. Every
# image is judged once, by a model that has not seen it.
folds = 5
seeds = [0, 1, 2]
budget = '1500 steps of four 256 x 256 crops'
input_size = (256, 256)  # the crop
lite0 = '../{folder}/segformer_efficientnet-lite0_{data}.py'
neck = dict(
    type='MultiScaleCrossAttentionNeck', in_channels=[24, 40, 112, 320])
mit_b0 = '../{folder}/segformer_xattn_mit-b0_{data}.py'
rows = dict(
    lite0_none=dict(title='Lite0', config=lite0),
    **{
        f'lite0_{name}': dict(
            title=f'Lite0, neck{title}',
            config=lite0,
            cfg_options={
                'model.neck': dict(neck, **options),
                'model.decode_head.in_channels': [48, 80, 224, 320],
            })
        for name, title, options in (
            ('forward', '', {}),
            # over maps as large as a trained encoder's the softmax is all but
            # one-hot
            ('norm', ', pre-norm', dict(pre_norm=True)),
            # what may keep it between one key and all of them, one by one
            ('cosine', ', cosine', dict(qk_norm=True)),
            ('near', ', cosine, near keys',
             dict(qk_norm=True, distance_bias=2)),
            ('heads', ', pre-norm, 4 heads',
             dict(pre_norm=True, num_heads=4)),
        )
    },
    lite0_backward=dict(
        title='Lite0, neck backward',
        config=lite0,
        cfg_options={
            'model.neck': dict(neck, direction='backward'),
            'model.decode_head.in_channels': [24, 80, 224, 640],
        },
        against='lite0_forward'),
    lite0_add=dict(
        title='Lite0, neck adding',
        config=lite0,
        cfg_options={'model.neck': dict(neck, integration='add')},
        against='lite0_forward'),
    lite0_gate=dict(
        title='Lite0, neck adding, gate',
        config=lite0,
        cfg_options={
            'model.neck': dict(neck, integration='add', gate=1e-2),
        },
        against='lite0_add'),
    lite0_full=dict(
        title='Lite0, U-Net',
        config='../{folder}/unet_efficientnet-lite0_{data}.py'),
    random_none=dict(
        title='random B0', config='../{folder}/segformer_mit-b0_{data}.py'),
    random_forward=dict(
        title='random B0, neck', config=mit_b0, against='random_none'),
    random_backward=dict(
        title='random B0, neck backward',
        config=mit_b0,
        cfg_options={
            'model.neck.direction': 'backward',
            'model.decode_head.in_channels': [32, 128, 320, 512],
        },
        against='random_forward'),
    random_add=dict(
        title='random B0, neck adding',
        config=mit_b0,
        cfg_options={
            'model.neck.integration': 'add',
            'model.decode_head.in_channels': [32, 64, 160, 256],
        },
        against='random_forward'),
    random_full=dict(
        title='random U-Net, c16',
        config='../{folder}/unet_c16_{data}.py',
        against='random_none'))
del lite0, neck, mit_b0
quick = dict(
    budget='300 steps of four 256 x 256 crops',
    folds=3,
    seeds=[0],
    cfg_options={
        'train_cfg.max_iters': 300,
        'default_hooks.checkpoint.interval': 100,
    })
