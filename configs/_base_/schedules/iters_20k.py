# 20 000 iterations on a GPU. The paper on DPT states no schedule: this one
# is the same for all its models.
_base_ = './iters_cpu.py'

optim_wrapper = dict(
    optimizer=dict(lr=1e-4),
    # position embeddings, class tokens and norms are not to shrink
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        custom_keys=dict(
            pos_embed=dict(decay_mult=0.0),
            cls_token=dict(decay_mult=0.0),
            cls_emb=dict(decay_mult=0.0),  # Segmenter's classes
            relative_position_bias_table=dict(decay_mult=0.0))))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False),
]
train_cfg = dict(max_iters=20000, val_interval=2000)
default_hooks = dict(
    logger=dict(interval=50), checkpoint=dict(interval=2000))
