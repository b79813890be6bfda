# Crops of 768 x 768, as mmseg has them for SETR.
_base_ = './cityscapes.py'

train_pipeline = _base_.train_pipeline
train_pipeline[3].crop_size = (768, 768)  # RandomCrop
train_dataloader = dict(
    batch_size=1, dataset=dict(pipeline=train_pipeline))
windows = dict(mode='slide', crop_size=(768, 768), stride=(512, 512))
