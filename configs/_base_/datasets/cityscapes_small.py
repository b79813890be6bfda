# Three eighths of Cityscapes' size and of mmseg's crops, for a CPU. The
# pictures of tools/make_sample.py are enlarged by half: at their own size
# many things in them are narrower than the backbone's stride of 8.
_base_ = './cityscapes.py'

train_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='LoadCheckedAnnotations'),
    dict(
        type='RandomResize',
        scale=(768, 384),
        ratio_range=(0.75, 1.5),  # below it, small things vanish
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(192, 384), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
# The annotations come after Resize: metrics are taken at the file's size.
test_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='Resize', scale=(768, 384), keep_ratio=True),
    dict(type='LoadCheckedAnnotations'),
    dict(type='PackSegInputs'),
]
# Upstream's scales are those of the full size.
tta_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[[dict(type='Resize', scale=(768, 384), keep_ratio=True)],
                    [dict(type='RandomFlip', prob=prob) for prob in (0., 1.)],
                    [dict(type='LoadCheckedAnnotations')],
                    [dict(type='PackSegInputs')]]),
]

train_dataloader = dict(
    batch_size=4, num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
