# mmseg's Cityscapes, with three differences: missing labels are named before
# the training begins, damaged files are refused, and the IoU of each class is
# logged.
_base_ = 'mmseg::_base_/datasets/cityscapes.py'

train_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='LoadCheckedAnnotations'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(512, 1024), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
# The annotations come after Resize: metrics are taken at the file's size.
test_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='Resize', scale=(2048, 1024), keep_ratio=True),
    dict(type='LoadCheckedAnnotations'),
    dict(type='PackSegInputs'),
]
tta_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[[
            dict(type='Resize', scale_factor=factor, keep_ratio=True)
            for factor in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
        ], [dict(type='RandomFlip', prob=prob) for prob in (0., 1.)],
                    [dict(type='LoadCheckedAnnotations')],
                    [dict(type='PackSegInputs')]]),
]

kind = 'CheckedCityscapesDataset'
train_dataloader = dict(dataset=dict(type=kind, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(type=kind, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='PerClassIoUMetric')
test_evaluator = val_evaluator
