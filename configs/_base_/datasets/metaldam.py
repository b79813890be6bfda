# MetalDAM: micrographs of additively manufactured steel, 1024 x 703 and
# 1280 x 895 once the information band is off.
_base_ = './sem_crops.py'

head_options = dict(num_classes=5)
metaldam = dict(
    data_root='data/metaldam',  # or: tools/train.py CONFIG --data-root DIR
    published='metaldam',  # errors tell where the files come from
    data_prefix=dict(img_path='images', seg_map_path='labels'),
    metainfo=dict(
        classes=('matrix', 'austenite', 'martensite_austenite',
                 'precipitate', 'defect')))

train_dataloader = dict(dataset=dict(ann_file='train.txt', **metaldam))
val_dataloader = dict(dataset=dict(ann_file='val.txt', **metaldam))
test_dataloader = dict(
    dataset=dict(
        ann_file='test.txt',
        # the published lists name no test part
        if_absent=dict(_delete_=True, ann_file='val.txt'),
        **metaldam))
