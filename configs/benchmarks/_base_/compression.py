# What the suites on smaller models share: a U-Net and a SegFormer-B0 as they
# are, distilled, pruned, and what each of these has to beat: pruned at random,
# trained small from the start, and trained on without losing anything.
seeds = [0, 1, 2]
distill = {
    'model.type': 'DistillEncoderDecoder',
    'model.distill': dict(
        loss=dict(type='PixelDistillLoss', temperature=4.0), alpha=0.5),
}


def rows_of(name, title, whole_title, config, small_name, small_title, small,
            **settings):
    """Return the rows of a network; settings: of all that is pruned."""

    def on(what, ratio, extra=None, teacher=None, **pruned):
        # as tools/prune.py has it: half of the steps
        extra = extra or {}
        row = dict(
            title=f'{title}, {what}',
            config=config,
            cfg_options={'train_cfg.max_iters': 750, **extra},
            pruned=dict(row=name, ratio=ratio, **pruned),
            quick=dict(cfg_options={'train_cfg.max_iters': 200, **extra}))
        return dict(row, teacher=teacher) if teacher else row

    def half(what, importance='magnitude', **options):
        return on(f'pruned 50 %{what}', 0.5, importance=importance,
                  **options, **settings)

    return {
        name: dict(title=whole_title, config=config),
        f'{name}_distilled': dict(
            title=f'{title}, distilled',
            config=config,
            cfg_options=distill,
            teacher='unet_lite0'),
        f'{name}_pruned30': on(
            'pruned 30 %', 0.3, importance='magnitude', **settings),
        f'{name}_pruned50': half(''),
        f'{name}_pruned50_distilled': half(
            ', distilled', extra=distill, teacher=name),
        f'{name}_taylor50': half(' by Taylor', 'taylor'),
        f'{name}_activation50': half(' by activation', 'activation'),
        f'{name}_random50': half(' at random', 'random'),
        # as many steps as a pruned model has had in all
        f'{name}_{small_name}': dict(
            title=f'{title}, {small_title} from the start',
            config=config,
            cfg_options={'train_cfg.max_iters': 2250, **small},
            quick=dict(cfg_options={'train_cfg.max_iters': 600, **small})),
        f'{name}_on': dict(on('', 0), title=f'{whole_title}, trained on'),
    }


rows = dict(
    # the small ones have no pretrained weights; what these bring, it teaches
    unet_lite0=dict(
        title='teacher: U-Net, EfficientNet-Lite0',
        config='../{folder}/unet_efficientnet-lite0_{data}.py'),
    **rows_of(
        'unet', 'U-Net', 'U-Net, c16', '../{folder}/unet_c16_{data}.py',
        'c8', 'c8', {
            'model.backbone.base_channels': 8,
            'model.decode_head.in_channels': 8,
            'model.decode_head.channels': 8,
        },
        round_to=4),  # of 16 channels multiples of 8 leave no 30 %
    **rows_of(
        'segformer', 'SegFormer-B0', 'SegFormer-B0',
        '../{folder}/segformer_mit-b0_{data}.py', 'small', 'head of 128',
        {'model.decode_head.channels': 128}))
# What a tenth of the learning rate makes of the same.
for kind in ('activation', 'random'):
    row = rows[f'unet_{kind}50']
    tenth = {'optim_wrapper.optimizer.lr': 1e-4}
    rows[f'unet_{kind}50_tenth'] = dict(
        row,
        title=f'{row["title"]}, a tenth of the learning rate',
        cfg_options={**row['cfg_options'], **tenth},
        quick=dict(cfg_options={**row['quick']['cfg_options'], **tenth}))
del distill, rows_of, kind, row, tenth
quick = dict(
    budget='400 steps from random weights, the teacher from ImageNet; what is '
    'pruned or trained on has had 200 more; what is small from the start has '
    '600',
    cfg_options={
        'train_cfg.max_iters': 400,
        'default_hooks.checkpoint.interval': 200,
    })
