# The small U-Net learns from the wide one as well as from the masks. Train
# that one first: python tools/train.py configs/ksdd2/unet_ksdd2.py
_base_ = './unet_c16_ksdd2.py'

model = dict(
    type='DistillEncoderDecoder',
    teacher=dict(
        config='configs/ksdd2/unet_ksdd2.py',
        checkpoint='work_dirs/unet_ksdd2/iter_20000.pth'),
    distill=dict(
        # by pixels the defects, 0.2 % of them, may be lost in few steps
        loss=dict(type='ChannelDistillLoss', temperature=4.0), alpha=0.5))
