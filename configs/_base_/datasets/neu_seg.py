# NEU-Seg: grey photographs of hot-rolled steel strip with three kinds of
# defects, 200 x 200. Whole images: the model pads them to its divisor (224
# for 32), in training as in testing. A crop of 192 would do without, but what
# pools over the whole map, or has position embeddings, would then meet a
# fifth of padding for the first time when it is tested.
_base_ = './sem_crops.py'

head_options = dict(num_classes=4)  # for set_in_heads, see configs/README.md
train_pipeline = [
    dict(type='LoadSEMImageFromFile'),
    dict(type='LoadSEMAnnotations'),
    # no quarter turns: scratches run along or across the rolling direction
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    # lighting differs from strip to strip
    dict(type='RandomBrightnessContrastGamma'),
    dict(type='PackSegInputs'),
]
neu_seg = dict(
    data_root='data/neu_seg',  # or: tools/train.py CONFIG --data-root DIR
    published='neu_seg',  # errors tell where the files come from
    metainfo=dict(
        classes=('background', 'inclusion', 'patches', 'scratches')))

train_dataloader = dict(
    batch_size=8, dataset=dict(pipeline=train_pipeline, **neu_seg))
val_dataloader = dict(dataset=neu_seg)
test_dataloader = dict(dataset=neu_seg)
