# mmseg's Cityscapes, with two differences: missing labels are named before
# the training begins, and the IoU of each class is logged.
_base_ = 'mmseg::_base_/datasets/cityscapes.py'

kind = 'CheckedCityscapesDataset'
train_dataloader = dict(dataset=dict(type=kind))
val_dataloader = dict(dataset=dict(type=kind))
test_dataloader = val_dataloader

val_evaluator = dict(type='PerClassIoUMetric')
test_evaluator = val_evaluator
