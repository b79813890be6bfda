# What becomes of small defects with one loss or another, in U-Net.
title = 'Losses of a small U-Net on MVTec AD'
data_root = 'data/mvtec_ad'
data_help = (
    'Lay out MVTec AD as the README says, or write synthetic pictures: '
    'python tools/make_sample.py mvtec data/mvtec_ad')
seeds = [0, 1, 2]
budget = (
    '500 steps of four images of 256 x 256 from random weights, bfloat16 '
    'where the CPU has it')
input_size = (256, 256)
from_scratch = True
runs = 'mvtec_table1-quick'  # its U-Net is the first row
cfg_options = {
    'train_cfg.max_iters': 500,
    'default_hooks.checkpoint.interval': 250,
}
columns = {
    'category_mean.IoU.anomaly': dict(title='IoU of anomalies', unit='%'),
    'category_mean.pixelAP': dict(title='pixel AP', unit='%'),
    'category_mean.imageAUROC': dict(title='image AUROC', unit='%'),
}
rows = dict(
    unet=dict(
        title='cross-entropy + Dice, a defect\'s pixel counts as ten',
        config='../unet_c16_mvtec.py'),
    unet_ce10=dict(
        title='cross-entropy, a defect\'s pixel counts as ten',
        config='../unet_c16_mvtec.py',
        cfg_options={
            'model.decode_head.loss_decode.type': 'CrossEntropyLoss',
        }),
    unet_ce_dice=dict(
        title='cross-entropy + Dice',
        config='../unet_c16_mvtec.py',
        cfg_options={
            'model.decode_head.loss_decode.class_weight': None,
        }),
    unet_ce=dict(
        title='cross-entropy',
        config='../unet_c16_mvtec.py',
        cfg_options={
            'model.decode_head.loss_decode.type': 'CrossEntropyLoss',
            'model.decode_head.loss_decode.class_weight': None,
        }))
