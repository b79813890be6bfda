# For a schedule in iterations: an epoch of few images is over at once.
_base_ = './sem.py'

# For networks that have learned the crops' size.
windows = dict(mode='slide', crop_size=(480, 480), stride=(160, 160))
train_dataloader = dict(sampler=dict(type='InfiniteSampler', shuffle=True))
