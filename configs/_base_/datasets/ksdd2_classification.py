# KolektorSDD2 for classifiers, resized to 232 x 640 as its authors do.
# Without masks: --dataset-options labels=FILE.csv
_base_ = './ksdd2_parts.py'

meta_keys = ('img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
             'flip_direction', 'defective', 'output_name')  # the last 2: ours
train_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='Resize', scale=(232, 640)),
    # A surface has no upside. Nothing is cropped: a crop of a defective
    # image need not be defective.
    dict(
        type='RandomFlip',
        prob=[0.25, 0.25, 0.25],
        direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PhotoMetricDistortion'),
    dict(type='mmpretrain.PackInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='Resize', scale=(232, 640)),
    dict(type='mmpretrain.PackInputs', meta_keys=meta_keys),
]

kind = 'KSDD2ClassificationDataset'
train_dataloader = dict(dataset=dict(type=kind, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16, dataset=dict(type=kind, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='ImageClassificationMetric')
test_evaluator = val_evaluator
