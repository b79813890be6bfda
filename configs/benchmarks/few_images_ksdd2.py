# What pretrained weights, the decoder and the plan are worth on 34 defective
# surfaces and 56 clean ones.
_base_ = './_base_/few_images.py'

title = 'Surfaces, 34 of 90 training images defective'
data_root = 'data/ksdd2'
data_help = (
    'Lay out KolektorSDD2 as configs/ksdd2/README.md says, or write synthetic '
    'surfaces: python tools/make_sample.py ksdd2 data/ksdd2')
fill = dict(folder='ksdd2', data='ksdd2', today='unet_c16')
input_size = (128, 112)  # the crop
columns = {
    'IoU.defect': dict(title='IoU', unit='%', digits=1),
    'pixelAP': dict(title='pixel AP', unit='%', digits=1),
    'imageAP': dict(title='image AP', unit='%', digits=1),
}
