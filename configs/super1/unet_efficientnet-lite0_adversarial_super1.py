# U-Net over the packaged encoder learns to predict alike in micrographs of
# other settings, of which no masks are needed:
# --cfg-options train_dataloader.dataset.target=DIR
_base_ = './unet_efficientnet-lite0_super1.py'

from mmseg_ext.engine import two_domains  # noqa: E402

model = dict(
    type='AdversarialEncoderDecoder',
    adv_weight=0.001,
    ndf=16)  # 175 thousand weights tell three phases well enough

train_dataloader = two_domains(_base_.train_dataloader)
# the discriminator's rate is 1e-4, as published
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(discriminator=dict(lr_mult=0.1))))
# --resume goes on with the discriminator, on any Runner
default_hooks = dict(
    adaptation=dict(type='AdaptationHook'),
    target=dict(type='TargetHook'))  # target.png in the work directory
