# U-Net over the packaged encoder learns to predict alike in micrographs of
# other settings, of which no masks are needed:
# --cfg-options train_dataloader.dataset.target=DIR
_base_ = './unet_efficientnet-lite0_super1.py'

model = dict(
    type='AdversarialEncoderDecoder',
    adv_weight=0.001,
    ndf=16)  # 175 thousand weights tell three phases well enough

train_dataloader = dict(
    batch_sampler=dict(type='DomainBatchSampler'),  # half of each domain
    dataset=dict(
        _delete_=True,
        type='SourceTargetDataset',
        source={{_base_.train_dataloader.dataset}},
        target=None))  # a folder of images
# the discriminator's rate is 1e-4, as published
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(discriminator=dict(lr_mult=0.1))))
# --resume goes on with the discriminator, on any Runner
default_hooks = dict(adaptation=dict(type='AdaptationHook'))
