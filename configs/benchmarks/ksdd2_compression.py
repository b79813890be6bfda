# Smaller models on KolektorSDD2: distilled, pruned, and their rivals.
_base_ = './_base_/compression.py'

title = 'Smaller models on KolektorSDD2'
data_root = 'data/ksdd2'
data_help = (
    'Lay out KolektorSDD2 as configs/ksdd2/README.md says, or write synthetic '
    'surfaces: python tools/make_sample.py ksdd2 data/ksdd2')
fill = dict(folder='ksdd2', data='ksdd2')
# At a temperature of 4 the few pixels of defects no longer count: IoU 0. A
# pruned row names its teaching in `quick`, too.
cooler = dict(cfg_options={'model.distill.loss.temperature': 1.0})
rows = dict(
    unet_distilled=cooler,
    unet_pruned50_distilled=dict(cooler, quick=cooler),
    segformer_distilled=cooler,
    segformer_pruned50_distilled=dict(cooler, quick=cooler))
del cooler
budget = (
    '1500 steps of eight 128 x 112 crops of surfaces of 320 x 116, from '
    'random weights, the teacher from ImageNet; what is pruned or trained on '
    'has had 750 more; what is small from the start has 2250')
input_size = (128, 112)  # the crop
quick = dict(
    budget='400 steps of four 128 x 112 crops of surfaces of 320 x 116, from '
    'random weights, the teacher from ImageNet; what is pruned or trained on '
    'has had 200 more; what is small from the start has had 600',
    cfg_options={'train_dataloader.batch_size': 4})
columns = {
    'IoU.defect': dict(title='IoU', unit='%'),
    'Dice.defect': dict(title='Dice', unit='%'),
    'Recall.defect': dict(title='recall', unit='%'),
    'Precision.defect': dict(title='precision', unit='%'),
    'pixelAP': dict(title='pixel AP', unit='%'),
    'imageAUROC': dict(title='image AUROC', unit='%'),
}
