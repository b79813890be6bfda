# Table 1 of the paper on DPT: supervised segmentation of MVTec AD.
_base_ = './_base_/mvtec.py'

title = 'Supervised segmentation of MVTec AD'
columns = {
    'category_mean.mIoU': dict(title='mIoU', unit='%'),
    'category_mean.IoU.anomaly': dict(title='IoU of anomalies', unit='%'),
    'category_mean.pixelAP': dict(title='pixel AP', unit='%'),
    'category_mean.imageAUROC': dict(title='image AUROC', unit='%'),
}
# The paper does not say which of the two its IoU is.
groups = dict(
    key='category',
    columns={
        'mIoU': dict(title='mIoU', unit='%'),
        'IoU.anomaly': dict(title='IoU of anomalies', unit='%'),
    })
rows = dict(
    unet=dict(
        title='U-Net',
        config='../mvtec_ad/unet_mvtec.py',
        quick=dict(config='../mvtec_ad/unet_c16_mvtec.py')),
    resunet=dict(
        title='ResU-Net',
        config='../mvtec_ad/resunet_mvtec.py',
        quick=dict(config='../mvtec_ad/resunet_c16_mvtec.py')),
    dpt=dict(
        title='DPT',
        config='../mvtec_ad/dpt_vit-b16_mvtec.py',
        quick=dict(config='../mvtec_ad/dpt_vit-ti16_mvtec.py')),
    unet_lite0=dict(
        title='U-Net over Lite0, ImageNet',
        config='../mvtec_ad/unet_efficientnet-lite0_mvtec.py'),
    dpt_hybrid=dict(
        title='DPT-Hybrid over Lite0, ImageNet',
        config='../mvtec_ad/dpt-hybrid_efficientnet-lite0_mvtec.py'))
published = dict(
    source='the paper on DPT, table 1, its IoU in percent',
    comparable=False,
    note='The published numbers do not compare with those above: the '
    "paper's split is not public, it does not say whether IoU is that of "
    'anomalies or the mean with the background, nor what its schedule was, '
    'and it gives no spread over runs. Nor do ours compare with one-class '
    'methods: these models are trained on defects.',
    groups=dict(
        carpet=dict(unet='89.73', resunet='91.24', dpt='89.63'),
        grid=dict(unet='91.54', resunet='90.17', dpt='91.24'),
        leather=dict(unet='89.98', resunet='90.88', dpt='90.17'),
        tile=dict(unet='91.32', resunet='91.03', dpt='92.45'),
        wood=dict(unet='90.11', resunet='91.35', dpt='93.87'),
        bottle=dict(unet='91.87', resunet='91.99', dpt='94.72'),
        cable=dict(unet='89.62', resunet='90.22', dpt='90.58'),
        capsule=dict(unet='90.56', resunet='91.56', dpt='91.91'),
        hazelnut=dict(unet='91.23', resunet='90.41', dpt='92.96'),
        metal_nut=dict(unet='90.84', resunet='90.67', dpt='90.34'),
        pill=dict(unet='91.45', resunet='91.85', dpt='91.59'),
        screw=dict(unet='90.29', resunet='91.11', dpt='94.11'),
        toothbrush=dict(unet='91.98', resunet='90.72', dpt='90.88'),
        transistor=dict(unet='90.47', resunet='91.68', dpt='93.22'),
        zipper=dict(unet='91.16', resunet='90.33', dpt='94.56'),
        category_mean=dict(unet='90.81', resunet='91.01', dpt='92.15'),
    ))
