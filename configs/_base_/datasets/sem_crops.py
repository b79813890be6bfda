# Crops at the files' own resolution, for training from random weights on few
# images. Phases a few pixels wide do not survive a resize.
_base_ = './sem.py'

# For networks that have learned the crops' size: positions, or what they pool
# over the whole crop.
windows = dict(mode='slide', crop_size=(256, 256), stride=(192, 192))

train_pipeline = [
    dict(type='LoadSEMImageFromFile'),
    dict(type='LoadSEMAnnotations'),
    dict(type='RandomCrop', crop_size=(256, 256)),
    # every mirror image of a polished section is one, too
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='RandomGaussianBlur'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadSEMImageFromFile'),
    dict(type='LoadSEMAnnotations'),
    dict(type='PackSegInputs'),
]

train_dataloader = dict(
    # counts iterations, not epochs: an epoch of few images is over at once
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
