# Segmenter's of mmseg (8 GPUs, a crop each), of half the length.
_base_ = 'mmseg::_base_/schedules/schedule_80k.py'

optim_wrapper = dict(optimizer=dict(lr=0.001, weight_decay=0.0))
