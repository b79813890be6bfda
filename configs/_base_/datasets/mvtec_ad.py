# MVTec AD, resized to 256 x 256 as in the paper; all categories that
# data_root holds, or some: --dataset-options categories=[bottle,cable]
_base_ = './surfaces.py'

head_options = dict(  # for set_in_heads, see configs/README.md
    num_classes=2,
    # cross-entropy alone is content with no defects at all
    loss_decode=dict(type='CrossEntropyDiceLoss'))

meta_keys = ('img_path', 'seg_map_path', 'ori_shape', 'img_shape',
             'pad_shape', 'scale_factor', 'flip', 'flip_direction',
             'category', 'defect_type', 'output_name')  # the last 3 are ours
# No augmentation is named in the paper, and none is harmless: a mirrored
# metal_nut is one of its defects.
train_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='LoadBinaryAnnotations'),
    dict(type='Resize', scale=(256, 256)),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
# The annotations come after Resize: metrics are taken at the file's size.
test_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='Resize', scale=(256, 256)),
    dict(type='LoadBinaryAnnotations'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
mvtec_ad = dict(
    type='MVTecADDataset',
    data_root='data/mvtec_ad',  # or: tools/train.py CONFIG --data-root DIR
    categories='all',
    # All images pooled and dealt out 6:2:2; tools/split_mvtec.py writes the
    # same split as text files for split_dir.
    protocol='pooled')

train_dataloader = dict(
    batch_size=16,  # unstated in the paper
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(split='train', pipeline=train_pipeline, **mvtec_ad))
val_dataloader = dict(
    dataset=dict(split='val', pipeline=test_pipeline, **mvtec_ad))
test_dataloader = dict(
    dataset=dict(split='test', pipeline=test_pipeline, **mvtec_ad))

val_evaluator = [
    dict(type='GroupedIoUMetric', group_key='category'),
    dict(type='AnomalyScoreMetric', group_key='category'),
]
test_evaluator = val_evaluator

# Of the pixels a few percent at most are defects; a rough guess will do.
custom_hooks = [
    dict(type='ClassPriorHook', prior=(0.97, 0.03)),
    dict(type='ThresholdHook'),
]
