# The paper's schedule: 150 epochs, AdamW, learning rate 5e-4.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW',
        lr=5e-4,
        betas=(0.9, 0.999),  # "momentum 0.9": AdamW's first beta
        weight_decay=0.01))  # unstated; SegFormer's

# The paper prints p = 0.0005, the learning rate once more. Taken literally
# the rate stays within 0.4 % of 5e-4 and falls to 0 in the last step. The
# usual decay: --cfg-options param_scheduler.0.power=1.0
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.0005,
        eta_min=0.0,
        by_epoch=True,
        convert_to_iter_based=True)
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=150, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=10),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook', interval=10, max_keep_ckpts=2,
        save_best='mIoU'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # --resume goes on as if nothing had happened
    random_states=dict(type='RandomStateHook'),
    visualization=dict(type='SegVisualizationHook'))
