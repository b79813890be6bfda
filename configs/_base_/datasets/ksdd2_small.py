# For a CPU: a quarter of the pixels, half of the batch and of the workers.
_base_ = './ksdd2.py'

# a defect's pixel counts as ten, see unet_c16.py
head_options = dict(loss_decode=dict(class_weight=[1.0, 10.0]))

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (116, 320)  # RandomResize
train_pipeline[3].crop_size = (128, 112)  # DefectCrop
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (116, 320)  # Resize

train_dataloader = dict(
    batch_size=8, num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
