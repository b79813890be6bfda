# FCN on Cityscapes as mmseg trains it (4 GPUs, 2 crops each), bilinear
# upsampling included; the IoU of each class is logged, too.
_base_ = 'mmseg::fcn/fcn_r50-d8_4xb2-80k_cityscapes-512x1024.py'

custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
val_evaluator = dict(type='PerClassIoUMetric')
test_evaluator = val_evaluator
