# Small models on NASA's Super1, with and without the proposed neck.
_base_ = './_base_/small_crops.py'

title = 'Small models on Super1'
data_root = 'data/nasa_super1'
data_help = (
    "Get NASA's Super1, then: python tools/convert_masks.py NASA_SUPER1 "
    'data/nasa_super1 --recipe nasa_super1')
columns = {
    'mIoU': dict(title='mIoU', unit='%', digits=1),
    **{
        f'IoU.{name}': dict(title=name, unit='%', digits=1)
        for name in ('matrix', 'secondary', 'tertiary')
    },
    'ClassRatioError': dict(
        title='class-ratio error', unit='%p', better='lower'),
}
rows = dict(
    segformer_b0=dict(
        title='SegFormer-B0', config='../super1/segformer_mit-b0_super1.py'),
    proposed=dict(
        title="proposed, B0's size",
        config='../super1/segformer_xattn_mit-b0_super1.py'))
