# SETR (naive) over ViT-L/16 on Cityscapes, as mmseg trains it.
_base_ = [
    '../_base_/models/setr-naive_vit-l16.py',
    '../_base_/datasets/cityscapes_768x768.py',
    '../_base_/schedules/setr_80k.py', '../_base_/default_runtime.py'
]

model = dict(test_cfg={{_base_.windows}})
