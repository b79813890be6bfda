# KolektorSDD2's parts. What is read of an image, ksdd2.py and
# ksdd2_classification.py say.
_base_ = './surfaces.py'

ksdd2 = dict(
    data_root='data/ksdd2',  # or: tools/train.py CONFIG --data-root DIR
    val_ratio=0.15)  # of train, held out; there is no validation part

train_dataloader = dict(
    # A tenth of the images are defective, see its docstring. Without
    # arguments, so that InfiniteSampler can take its place by type alone.
    sampler=dict(type='DefectBalancedSampler'),
    dataset=dict(split='train', **ksdd2))
val_dataloader = dict(dataset=dict(split='val', **ksdd2))
test_dataloader = dict(dataset=dict(split='test', **ksdd2))
