# Metal SEM images as in the paper: 1280 x 960 -> 640 x 640, which changes
# the aspect ratio -> random crops of 480 x 480. No flips and no change of
# contrast: the paper names blur alone.
data_root = 'data/sem'  # or: tools/train.py CONFIG --data-root DIR

head_options = dict(num_classes=3)  # for set_in_heads, see configs/README.md

train_pipeline = [
    dict(type='LoadSEMImageFromFile'),
    dict(type='LoadSEMAnnotations'),
    dict(type='Resize', scale=(640, 640)),
    dict(type='RandomCrop', crop_size=(480, 480)),
    dict(type='RandomGaussianBlur'),  # parameters unstated, ours
    dict(type='PackSegInputs'),
]
# The annotations come after Resize: metrics are taken at the file's size.
test_pipeline = [
    dict(type='LoadSEMImageFromFile'),
    dict(type='Resize', scale=(640, 640)),
    dict(type='LoadSEMAnnotations'),
    dict(type='PackSegInputs'),
]
tta_pipeline = [
    dict(type='LoadSEMImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[[dict(type='Resize', scale=(640, 640))],
                    [dict(type='RandomFlip', prob=prob) for prob in (0., 1.)],
                    [dict(type='LoadSEMAnnotations')],
                    [dict(type='PackSegInputs')]]),
]
sem = dict(
    type='SEMDataset',
    data_root=data_root,
    # Crop an image to its mask where the mask is shorter by the information
    # band; None makes that an error.
    info_band='mask')

train_dataloader = dict(
    batch_size=4,  # "mini-batch size" has no number in the paper
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    # images/train and masks/train by default
    dataset=dict(pipeline=train_pipeline, **sem))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        data_prefix=dict(img_path='images/val', seg_map_path='masks/val'),
        pipeline=test_pipeline,
        test_mode=True,
        **sem))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        data_prefix=dict(img_path='images/test', seg_map_path='masks/test'),
        # not every set has a test part
        if_absent=dict(data_prefix=dict(
            img_path='images/val', seg_map_path='masks/val')),
        pipeline=test_pipeline,
        test_mode=True,
        **sem))

val_evaluator = [
    dict(type='PerClassIoUMetric', iou_metrics=['mIoU']),
    dict(type='ClassRatioMetric'),
]
test_evaluator = val_evaluator
