# The small U-Net learns from the wide one as well as from the masks. Train
# that one first: python tools/train.py configs/ksdd2/unet_ksdd2.py
_base_ = './unet_c16_ksdd2.py'

model = dict(
    type='DistillEncoderDecoder',
    teacher=dict(
        config='configs/ksdd2/unet_ksdd2.py',
        checkpoint='work_dirs/unet_ksdd2/iter_20000.pth'),
    distill=dict(loss=dict(type='PixelDistillLoss'), alpha=0.5))
