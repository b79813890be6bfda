# SegFormer-B0 on metal SEM images, with mmseg's head of 256 channels.
_base_ = [
    '../_base_/models/segformer_mit-b0.py', '../_base_/datasets/sem.py',
    '../_base_/schedules/sem_150e.py', '../_base_/default_runtime.py'
]

model = dict(decode_head=dict(num_classes=3))
log_processor = dict(by_epoch=True)  # as the schedule counts
