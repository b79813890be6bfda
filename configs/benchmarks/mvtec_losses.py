# What becomes of small defects with one loss or another, in U-Net.
_base_ = './_base_/mvtec.py'

title = 'Losses of U-Net on MVTec AD'
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
