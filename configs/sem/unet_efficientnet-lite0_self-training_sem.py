# U-Net over the packaged encoder adapts to micrographs of another
# microscope, of which no masks are needed:
# --cfg-options train_dataloader.dataset.target=DIR
_base_ = './unet_efficientnet-lite0_sem.py'

from mmseg_ext.engine import two_domains  # noqa: E402

model = dict(
    type='SelfTrainingEncoderDecoder',
    alpha=0.99,  # 0.999 from 2000 iterations on
    mix='rectangle',  # a phase cut out of its mosaic is no micrograph
    mask_ratio=0.7)

train_dataloader = two_domains(_base_.train_dataloader)
# --resume goes on with the teacher, on any Runner
default_hooks = dict(
    adaptation=dict(type='AdaptationHook'),
    target=dict(type='TargetHook'))  # target.png in the work directory
