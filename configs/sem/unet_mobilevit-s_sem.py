# U-Net with MobileViT as its encoder on metal SEM images (table 1 of the
# paper, which names no size).
_base_ = [
    '../_base_/models/unet_mobilevit-s.py', '../_base_/datasets/sem.py',
    '../_base_/schedules/sem_150e.py', '../_base_/default_runtime.py'
]

log_processor = dict(by_epoch=True)  # as the schedule counts
