# Segmenter over ViT-S/16 on Cityscapes, with its schedule of ADE20K.
_base_ = [
    '../_base_/models/segmenter-mask_vit-s16.py',
    '../_base_/datasets/cityscapes_768x768.py',
    '../_base_/schedules/segmenter_80k.py', '../_base_/default_runtime.py'
]

model = dict(test_cfg={{_base_.windows}})
