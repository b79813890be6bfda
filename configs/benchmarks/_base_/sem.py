# What the suites on metal micrographs share.
runs = 'sem'  # the proposed model is a row of three tables
data_root = 'data/sem'
data_help = (
    'Lay out your own micrographs as configs/sem/README.md says, or write '
    'synthetic ones: python tools/make_sample.py sem data/sem')
seeds = [0, 1, 2]
budget = "Each config's own schedule, the paper's 150 epochs"
input_size = (480, 480)  # the crop
columns = dict(
    mIoU=dict(title='mIoU', unit='%'),
    ClassRatioError=dict(
        title='class-ratio error', unit='%p', better='lower'))

published = dict(
    comparable=False,
    note='The published numbers do not compare with those above: the '
    "paper's micrographs and labels are not public, its batch size is not "
    'stated, and it gives no spread over runs.')

# The paper's pipeline with smaller crops, from random weights.
quick = dict(
    budget='240 steps of four 256 x 256 crops from random weights, and small '
    'models in place of large ones',
    input_size=(256, 256),
    from_scratch=True,
    cfg_options={
        # iterations: an epoch of few images is over at once
        'train_cfg':
        dict(_delete_=True, type='IterBasedTrainLoop', max_iters=240,
             val_interval=240),
        'train_dataloader.sampler.type': 'InfiniteSampler',
        'train_dataloader.dataset.pipeline.3.crop_size': (256, 256),
        'optim_wrapper.optimizer.lr': 1e-3,
        'optim_wrapper.clip_grad': dict(max_norm=1.0),
        'param_scheduler': [
            dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0,
                 end=50),
            dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False),
        ],
        'default_hooks.logger': dict(interval=20, log_metric_by_epoch=False),
        'default_hooks.checkpoint': dict(by_epoch=False, interval=80),
        'log_processor.by_epoch': False,
    })
