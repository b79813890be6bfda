# BiSeNet V2's on Cityscapes, as mmseg has it (4 GPUs, four crops each).
_base_ = 'mmseg::_base_/schedules/schedule_160k.py'

optim_wrapper = dict(optimizer=dict(lr=0.05, weight_decay=0.0005))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=1000),
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=1e-4,
        by_epoch=False,
        begin=1000,
        end=160000),
]
