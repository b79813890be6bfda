# KolektorSDD2 for classifiers, resized to 232 x 640 as its authors do.
# Without masks: --dataset-options labels=FILE.csv
meta_keys = ('img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
             'flip_direction', 'defective', 'output_name')  # the last 2: ours
train_pipeline = [
    dict(type='LoadImageFromFile'),
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
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(232, 640)),
    dict(type='mmpretrain.PackInputs', meta_keys=meta_keys),
]
ksdd2 = dict(
    type='KSDD2ClassificationDataset',
    data_root='data/ksdd2',  # or: tools/train.py CONFIG --data-root DIR
    val_ratio=0.15)  # of train, held out; there is no validation part

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    # A tenth of the images are defective, see its docstring.
    sampler=dict(type='DefectBalancedSampler'),
    dataset=dict(split='train', pipeline=train_pipeline, **ksdd2))
evaluation = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False))
test_set = dict(pipeline=test_pipeline, test_mode=True, **ksdd2)
val_dataloader = dict(dataset=dict(split='val', **test_set), **evaluation)
test_dataloader = dict(dataset=dict(split='test', **test_set), **evaluation)

val_evaluator = dict(type='ImageClassificationMetric')
test_evaluator = val_evaluator
