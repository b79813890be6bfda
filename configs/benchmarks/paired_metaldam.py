# Neck, direction, integration and decoder, paired on MetalDAM's 30 images.
_base_ = './_base_/paired.py'

title = 'Paired on MetalDAM'
data_root = 'data/metaldam'
data_help = 'Lay out MetalDAM as configs/metaldam/README.md says'
fill = dict(folder='metaldam', data='metaldam')
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name.replace('_', '/'), unit='%', digits=1)
        for name in ('matrix', 'austenite', 'martensite_austenite',
                     'precipitate', 'defect')
    },
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
