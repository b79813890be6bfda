# PSPNet on Cityscapes as mmseg trains it, see fcn_r50_cityscapes.py.
_base_ = 'mmseg::pspnet/pspnet_r50-d8_4xb2-80k_cityscapes-512x1024.py'

custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
dataset = dict(type='CheckedCityscapesDataset')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(type='PerClassIoUMetric')
test_evaluator = val_evaluator
