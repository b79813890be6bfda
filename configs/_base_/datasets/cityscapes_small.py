# Three eighths of Cityscapes' size and of mmseg's crops, for a CPU. The
# pictures of tools/make_sample.py are enlarged by half: at their own size
# many things in them are narrower than the backbone's stride of 8.
_base_ = './cityscapes.py'

# With plain cross-entropy 1000 steps learn six classes of nineteen, none of
# them small. Weights: 1 / sqrt(fraction of the pixels) in the synthetic set,
# their mean 1.
head_options = dict(
    num_classes=19,
    loss_decode=dict(
        type='CrossEntropyDiceLoss',
        class_weight=[
            0.25, 0.61, 0.32, 0.77, 0.97, 0.99, 2.42, 1.66, 0.42, 0.97, 0.39,
            0.89, 1.37, 0.83, 1.0, 0.77, 0.83, 1.72, 1.82
        ]))
# In windows of the crops' size. Blocks that pool over all positions meet
# something new in a whole picture, four times as large: that cost
# DeformablePSA 2 points of mIoU and ContextBlock 8.
windows = dict(mode='slide', crop_size=(192, 384), stride=(96, 192))

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (768, 384)  # RandomResize
train_pipeline[2].ratio_range = (0.75, 1.5)  # below it, small things vanish
train_pipeline[3].crop_size = (192, 384)  # RandomCrop
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (768, 384)  # Resize
tta_pipeline = _base_.tta_pipeline
# Upstream's scales are those of the full size.
tta_pipeline[1].transforms[0] = [
    dict(type='Resize', scale=(768, 384), keep_ratio=True)]

train_dataloader = dict(
    batch_size=4, num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
