# NASA's Super1: micrographs of a nickel superalloy, 512 x 512, 10 to train
# on, 4 to validate and 4 to test, as published. Made by
# tools/convert_masks.py PUBLISHED data/nasa_super1 --recipe nasa_super1
_base_ = './sem_crops.py'

nasa_super1 = dict(
    data_root='data/nasa_super1',  # or: tools/train.py CONFIG --data-root DIR
    published='nasa_super1',  # errors tell where the files come from
    metainfo=dict(classes=('matrix', 'secondary', 'tertiary')))

train_dataloader = dict(dataset=nasa_super1)
val_dataloader = dict(dataset=nasa_super1)
test_dataloader = dict(
    dataset=dict(
        if_absent=None,  # all sets of it have a test part
        **nasa_super1))
