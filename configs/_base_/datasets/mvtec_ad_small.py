# For a CPU and a category or two, from random weights: a quarter of the
# batch, half of the workers, and augmentation, without which a few dozen
# images are learned by heart. No flips, see mvtec_ad.py.
_base_ = './mvtec_ad.py'

# a defect's pixel counts as ten, see unet_c16.py
head_options = dict(loss_decode=dict(class_weight=[1.0, 10.0]))

train_pipeline = [
    dict(type='LoadCheckedImageFromFile'),
    dict(type='LoadBinaryAnnotations'),
    dict(type='RandomResize', scale=(256, 256), ratio_range=(1.0, 1.25)),
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs', meta_keys={{_base_.meta_keys}}),
]
train_dataloader = dict(
    batch_size=4, num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=2)
test_dataloader = dict(num_workers=2)
