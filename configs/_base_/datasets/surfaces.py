# How the data sets of surfaces with defects are loaded. What is loaded, and
# which of the training images come up how often, is theirs to say.
train_dataloader = dict(
    batch_size=16, num_workers=4, persistent_workers=True)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(test_mode=True))
test_dataloader = val_dataloader
