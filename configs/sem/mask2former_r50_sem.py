# Mask2Former on metal SEM images (table 1 of the paper, which names no
# backbone). Needs mmdet: pip install -e ".[mmdet]"
_base_ = [
    '../_base_/models/mask2former_r50.py', '../_base_/datasets/sem.py',
    '../_base_/schedules/sem_150e.py', '../_base_/default_runtime.py'
]

model = dict(
    decode_head=dict(
        num_classes=3,
        # one weight a class and one for "no object"; upstream's has 151
        loss_cls=dict(class_weight=[1.0, 1.0, 1.0, 0.1])))

# Upstream's optimizer, which the model's losses are balanced for.
optim_wrapper = dict(
    optimizer=dict(lr=1e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=0.01),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        custom_keys=dict(
            backbone=dict(lr_mult=0.1),
            query_embed=dict(decay_mult=0.0),
            query_feat=dict(decay_mult=0.0),
            level_embed=dict(decay_mult=0.0))))
log_processor = dict(by_epoch=True)  # as the schedule counts
