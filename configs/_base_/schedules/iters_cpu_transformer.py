# For a Swin or a plain ViT from random weights, which want small steps and a
# slow start.
_base_ = './iters_cpu.py'

optim_wrapper = dict(
    optimizer=dict(lr=5e-4),
    # position embeddings, class tokens and norms are not to shrink
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        custom_keys=dict(
            pos_embed=dict(decay_mult=0.0),
            cls_token=dict(decay_mult=0.0),
            cls_emb=dict(decay_mult=0.0),  # Segmenter's classes
            relative_position_bias_table=dict(decay_mult=0.0))))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False),
]
