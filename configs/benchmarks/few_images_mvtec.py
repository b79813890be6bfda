# What pretrained weights, the decoder and the plan are worth on a few dozen
# images of one product.
_base_ = './_base_/few_images.py'

title = 'One category of MVTec AD'
data_root = 'data/mvtec_ad'
data_help = (
    'Lay out one category of MVTec AD as configs/mvtec_ad/README.md says, '
    'alone in a folder')
fill = dict(folder='mvtec_ad', data='mvtec', today='unet_c16')
input_size = (256, 256)  # the crop
columns = {
    'category_mean.IoU.anomaly': dict(title='IoU', unit='%', digits=1),
    'category_mean.pixelAP': dict(title='pixel AP', unit='%', digits=1),
    'category_mean.imageAUROC': dict(
        title='image AUROC', unit='%', digits=1),
}
