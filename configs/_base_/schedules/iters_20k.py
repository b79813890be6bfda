# 20 000 iterations on a GPU. The paper on DPT states no schedule: this one
# is the same for all its models.
_base_ = './iters_cpu_transformer.py'  # what is not to shrink

optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False),
]
train_cfg = dict(max_iters=20000, val_interval=2000)
default_hooks = dict(
    logger=dict(interval=50), checkpoint=dict(interval=2000))
