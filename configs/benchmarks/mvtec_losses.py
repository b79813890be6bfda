# What becomes of small defects with one loss or another, in U-Net.
title = 'Losses of U-Net on MVTec AD'
data_root = 'data/mvtec_ad'
data_help = (
    'Lay out MVTec AD as configs/mvtec_ad/README.md says, or write synthetic '
    'pictures: python tools/make_sample.py mvtec data/mvtec_ad')
seeds = [0, 1, 2]
budget = '20 000 steps of 16 images of 256 x 256'
input_size = (256, 256)
runs = 'mvtec_table1'  # its U-Net is the first row
columns = {
    'category_mean.IoU.anomaly': dict(title='IoU of anomalies', unit='%'),
    'category_mean.pixelAP': dict(title='pixel AP', unit='%'),
    'category_mean.imageAUROC': dict(title='image AUROC', unit='%'),
}
rows = dict(
    unet=dict(
        title='cross-entropy + Dice',
        config='../mvtec_ad/unet_mvtec.py',
        quick=dict(
            title='cross-entropy + Dice, a defect\'s pixel counts as ten',
            config='../mvtec_ad/unet_c16_mvtec.py')),
    unet_weighted_ce=dict(
        title='cross-entropy, a defect\'s pixel counts as ten',
        config='../mvtec_ad/unet_mvtec.py',
        cfg_options={
            'model.decode_head.loss_decode.type': 'CrossEntropyLoss',
            'model.decode_head.loss_decode.class_weight': [1.0, 10.0],
        },
        quick=dict(config='../mvtec_ad/unet_c16_mvtec.py')),
    unet_ce=dict(
        title='cross-entropy',
        config='../mvtec_ad/unet_mvtec.py',
        cfg_options={
            'model.decode_head.loss_decode.type': 'CrossEntropyLoss',
            'model.decode_head.loss_decode.class_weight': None,
        },
        quick=dict(config='../mvtec_ad/unet_c16_mvtec.py')))
quick = dict(
    budget='500 steps of four images of 256 x 256 from random weights, a '
    'small model in place of a large one, bfloat16 where the CPU has it',
    from_scratch=True,
    cfg_options={
        'train_cfg.max_iters': 500,
        'default_hooks.checkpoint.interval': 250,
    })
