# FC-HarDNet-70 on metal SEM images.
_base_ = [
    '../_base_/models/fchardnet70.py', '../_base_/datasets/sem.py',
    '../_base_/schedules/sem_150e.py', '../_base_/default_runtime.py'
]

model = dict(decode_head=dict(num_classes=3))
log_processor = dict(by_epoch=True)  # as the schedule counts
