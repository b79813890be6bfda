# FCN with ResNet-18 on Cityscapes as mmseg trains it, see
# fcn_r50_cityscapes.py.
_base_ = 'mmseg::fcn/fcn_r18-d8_4xb2-80k_cityscapes-512x1024.py'

custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
val_evaluator = dict(type='PerClassIoUMetric')
test_evaluator = val_evaluator
