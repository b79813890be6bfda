# Smaller models on NASA's Super1: distilled, pruned, and their rivals.
_base_ = './_base_/compression.py'

title = 'Smaller models on Super1'
data_root = 'data/nasa_super1'
data_help = (
    "Get NASA's Super1, then: python tools/convert_masks.py NASA_SUPER1 "
    'data/nasa_super1 --recipe nasa_super1')
fill = dict(folder='super1', data='super1')
budget = (
    '1500 steps of four 256 x 256 crops from random weights, the teacher from '
    'ImageNet; what is pruned or trained on has had 750 more; what is small '
    'from the start has 2250')
input_size = (256, 256)
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name, unit='%', digits=1)
        for name in ('matrix', 'secondary', 'tertiary')
    },
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
quick = dict(
    budget='400 steps of four 128 x 128 crops from random weights, the '
    'teacher from ImageNet; what is pruned or trained on has had 200 more; '
    'what is small from the start has 600',
    input_size=(128, 128),
    cfg_options={
        'train_dataloader.dataset.pipeline.2.crop_size': (128, 128),
    })
