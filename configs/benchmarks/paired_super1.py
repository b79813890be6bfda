# Neck, direction, integration and decoder, paired on Super1's 18 images.
_base_ = './_base_/paired.py'

title = 'Paired on Super1'
data_root = 'data/nasa_super1'
data_help = (
    "Get NASA's Super1, then: python tools/convert_masks.py NASA_SUPER1 "
    'data/nasa_super1 --recipe nasa_super1')
fill = dict(folder='super1', data='super1')
# With the test part, which folds leave out otherwise: of 14 images less could
# be told, and no row is chosen by them.
every_image = {
    'train_dataloader.dataset.data_prefix':
    dict(img_path='images', seg_map_path='masks'),
    'val_dataloader.dataset.data_prefix':
    dict(img_path='images', seg_map_path='masks'),
}
cfg_options = every_image
quick = dict(cfg_options=every_image)
del every_image
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name, unit='%', digits=1)
        for name in ('matrix', 'secondary', 'tertiary')
    },
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
