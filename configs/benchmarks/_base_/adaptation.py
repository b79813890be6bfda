# What the suites on domain adaptation share: one U-Net over the packaged
# encoder (extra `encoders`), trained on the source alone, adapted by each
# level, trained with other brightness and contrast from the first, and trained
# on the target's labels.
seeds = [0, 1, 2]
input_size = (256, 256)
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
gap = dict(source='source', oracle='oracle')
budget = (
    '1500 steps of four 256 x 256 crops from ImageNet weights on the source, '
    '750 more of what goes on from there, which of levels 2a and 2b are two '
    'crops of each domain')


plain = '../{folder}/unet_efficientnet-lite0_{data}.py'
# of cfg_options: a crop of the full budget, and of the short one
crop = 'train_dataloader.dataset.pipeline.2.crop_size'
source_crop = 'train_dataloader.dataset.source.pipeline.2.crop_size'


def row(title, steps=(1500, 150), config=plain, options=lambda side: {
        crop: (side, side)}, **start):
    full, short = ({'train_cfg.max_iters': number, **options(side)}
                   for number, side in zip(steps, (256, 128)))
    return dict(title=title, config=config, cfg_options=full,
                quick=dict(cfg_options=short), **start)


def on(title, **start):
    return row(title, (750, 100), **start)


def both(title, kind, **model):
    return on(
        title,
        config=plain.replace('_{data}', f'_{kind}_{{data}}'),
        options=lambda side: {
            source_crop: (side, side), **model},
        target='images/target',
        pruned=dict(row='source', ratio=0))


def varied(title, **start):
    """Train with other brightness and contrast, before the crop."""
    light = dict(type='RandomBrightnessContrastGamma',
                 **start.pop('light', {}))
    return row(title, options=lambda side: {
        'train_dataloader.dataset.pipeline': [
            dict(type='LoadSEMImageFromFile'),
            dict(type='LoadSEMAnnotations'),
            dict(light),
            dict(type='RandomCrop', crop_size=(side, side)),
            dict(type='RandomFlip', prob=0.5, direction='horizontal'),
            dict(type='RandomFlip', prob=0.5, direction='vertical'),
            dict(type='RandomGaussianBlur'),
            dict(type='PackSegInputs')]}, **start)


rows = dict(
    source=row('source only'),
    source_on=on('source only, trained on',
                 pruned=dict(row='source', ratio=0)),
    intensity=row('level 0: intensity', adapted=dict(row='source')),
    histogram=row('level 0: histogram', adapted=dict(
        row='source', method='histogram')),
    batch_norm=row('level 0: batch norms', adapted=dict(
        row='source', method='batch-norm')),
    pseudo_labels=on('level 1: pseudo-labels',
                     pseudo_labels=dict(row='source')),
    # what the model of level 0 is sure of, for one that needs no level 0
    pseudo_intensity=on('levels 0 and 1: pseudo-labels by intensity',
                        pseudo_labels=dict(row='intensity')),
    # after 150 steps the model is surer than 0.9 of half of the source's own
    # pixels, and of 4 % than the published 0.968
    self_training=both('level 2a: self-training', 'self-training', **{
        'model.threshold': 0.9}),
    adversarial=both('level 2b: adversarial', 'adversarial'),
    # a suite says what tools/plan.py finds in its source
    augmented=varied('source, varied as planned'),
    augmented_intensity=varied('source, varied as planned, and level 0: '
                               'intensity', adapted=dict(row='augmented')),
    augmented_wide=varied('source, varied widely', light=dict(
        prob=1.0, brightness=0.3, contrast=1.5, gamma=1.5)),
    oracle=row("oracle: the target's labels", options=lambda side: {
        crop: (side, side),
        'train_dataloader.dataset.data_prefix':
        dict(img_path='images/target', seg_map_path='masks/target')}))
del crop, source_crop, plain, row, on, both, varied
quick = dict(
    budget='150 steps of four 128 x 128 crops from ImageNet weights on the '
    'source, 100 more of what goes on from there, which of levels 2a and 2b '
    'are two crops of each domain',
    input_size=(128, 128),
    cfg_options={'default_hooks.checkpoint.interval': 50})
