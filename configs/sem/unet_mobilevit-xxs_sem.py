# The smallest MobileViT, for one small GPU or a CPU.
_base_ = './unet_mobilevit-s_sem.py'

model = dict(
    backbone=dict(
        arch='xx_small',
        init_cfg=dict(
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'mobilevit/mobilevit-xxsmall_3rdparty_in1k_20221018-77835605.pth')
    ),
    decode_head=dict(
        in_channels=[16, 24, 48, 64, 320],
        decoder_channels=[128, 64, 32, 16, 16]))
