# Three eighths of Cityscapes' size and of mmseg's crops, for a CPU. The
# pictures of tools/make_sample.py are enlarged by half: at their own size
# many things in them are narrower than the backbone's stride of 8.
_base_ = './cityscapes.py'

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
