# KolektorSDD2 for segmentation, resized to 232 x 640 as its authors do. On
# pseudo-labels: --dataset-options labels=FILE.csv mask_dir=DIR; testing takes
# the ground truth
_base_ = './ksdd2_parts.py'

head_options = dict(  # for set_in_heads, see configs/README.md
    num_classes=2,
    # cross-entropy alone is content with no defects at all
    loss_decode=dict(type='CrossEntropyDiceLoss'))

meta_keys = ('img_path', 'seg_map_path', 'ori_shape', 'img_shape',
             'pad_shape', 'scale_factor', 'flip', 'flip_direction',
             'defective', 'output_name')  # the last 2 are ours
train_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='LoadBinaryAnnotations'),
    dict(type='RandomResize', scale=(232, 640), ratio_range=(1.0, 1.25)),
    # Half of the defective images are so on less than 1.6 % of their pixels.
    # Multiples of 16: U-Net need not pad them, and no pixel is ignored.
    dict(type='DefectCrop', crop_size=(256, 224), defect_prob=0.5),
    dict(
        type='RandomFlip',  # a surface has no upside
        prob=[0.25, 0.25, 0.25],
        direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
# The annotations come after Resize: metrics are taken at the file's size.
test_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='Resize', scale=(232, 640)),
    dict(type='LoadBinaryAnnotations'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]

kind = 'KSDD2Dataset'
train_dataloader = dict(dataset=dict(type=kind, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(type=kind, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    # mFscore: for precision and recall; the F-score itself is Dice
    dict(
        type='PerClassIoUMetric', iou_metrics=['mIoU', 'mDice', 'mFscore']),
    dict(type='AnomalyScoreMetric'),
]
test_evaluator = val_evaluator

# Of the pixels a few percent at most are defects; a rough guess will do.
custom_hooks = [
    dict(type='ClassPriorHook', prior=(0.98, 0.02)),
    dict(type='ThresholdHook'),
]
