# What a search by gradient is worth on KolektorSDD2: the head that it found,
# five at random (tools/derive.py --random 5 --seed 0), the one that it began
# from, and SegFormer's. First the search: configs/search/README.md.
title = 'A searched decode head on KolektorSDD2'
data_root = 'data/ksdd2'
data_help = (
    'Lay out KolektorSDD2 as configs/ksdd2/README.md says, or write synthetic '
    'surfaces: python tools/make_sample.py ksdd2 data/ksdd2')
fill = dict(genotype='../search/genotype_efficientnet-lite0_ksdd2.py')
seeds = [0, 1, 2]
rows = dict(
    base=dict(
        title="SegFormer's head, 256 channels",
        config='../ksdd2/segformer_efficientnet-lite0_ksdd2.py'),
    start=dict(title='3 x 3 everywhere, 64 channels', config='{genotype}'),
    searched=dict(
        title='searched',
        config='../search/searched_efficientnet-lite0_ksdd2.py'),
    **{
        f'random_{i}': dict(
            title=f'random {i}',
            config='{genotype}',
            cfg_options={
                'model.decode_head.ops': ops,
                'model.decode_head.integration': integration,
            })
        for i, (ops, integration) in enumerate([
            (['conv1x1', 'conv1x1', 'conv3x3', 'dilated3x3'], 'add'),
            (['conv1x1', 'dilated3x3', 'conv1x1', 'dilated3x3'], 'concat'),
            (['attention', 'separable3x3', 'dilated3x3', 'separable3x3'],
             'concat'),
            (['attention', 'dilated3x3', 'attention', 'skip'], 'concat'),
            (['dilated3x3', 'conv3x3', 'skip', 'conv3x3'], 'add'),
        ])
    })
budget = (
    "Equal wall-clock: as long as SegFormer's head takes for 1500 steps of "
    'eight 128 x 112 crops; the search itself is not counted')
equal_time = dict(row='base', steps=1500)
input_size = (128, 112)  # the crop
columns = {
    'IoU.defect': dict(title='IoU', unit='%', digits=1),
    'Dice.defect': dict(title='Dice', unit='%', digits=1),
    'pixelAP': dict(title='pixel AP', unit='%', digits=1),
    'imageAP': dict(title='image AP', unit='%', digits=1),
}
quick = dict(
    budget="Equal wall-clock: as long as SegFormer's head takes for 300 steps "
    'of eight 128 x 112 crops; the search itself is not counted',
    equal_time=dict(row='base', steps=300))
