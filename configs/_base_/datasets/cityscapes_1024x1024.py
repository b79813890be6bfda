# Crops of 1024 x 1024, as mmseg has them for BiSeNet.
_base_ = './cityscapes.py'

train_pipeline = _base_.train_pipeline
train_pipeline[3].crop_size = (1024, 1024)  # RandomCrop
train_dataloader = dict(
    batch_size=4, dataset=dict(pipeline=train_pipeline))
