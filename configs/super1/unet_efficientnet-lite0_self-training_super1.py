# U-Net over the packaged encoder gets used to micrographs of other settings,
# of which no masks are needed:
# --cfg-options train_dataloader.dataset.target=DIR
_base_ = './unet_efficientnet-lite0_super1.py'

model = dict(
    type='SelfTrainingEncoderDecoder',
    alpha=0.99,  # 0.999 from 2000 iterations on
    mix='rectangle',  # a phase cut out of its mosaic is no micrograph
    mask_ratio=0.7)

train_dataloader = dict(
    batch_sampler=dict(type='DomainBatchSampler'),  # half of each domain
    dataset=dict(
        _delete_=True,
        type='SourceTargetDataset',
        source={{_base_.train_dataloader.dataset}},
        target=None))  # a folder of images
# --resume goes on with the teacher, on any Runner
default_hooks = dict(adaptation=dict(type='AdaptationHook'))
