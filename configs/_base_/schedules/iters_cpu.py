# A budget in iterations, from random weights: what a CPU finishes.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.01),
    clip_grad=dict(max_norm=1.0))  # usual for attention without pretraining
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    # beside the warm-up, not after it, and to the end of the training: any
    # number of iterations will do
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False),
]

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=1500, val_interval=500)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        by_epoch=False,
        interval=500,
        max_keep_ckpts=2,
        save_best='mIoU'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # --resume goes on as if nothing had happened
    random_states=dict(type='RandomStateHook'),
    visualization=dict(type='SegVisualizationHook'))
