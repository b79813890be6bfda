# A search by gradient for the head over the packaged encoder on KolektorSDD2;
# then: python tools/derive.py CHECKPOINT OUT.py
_base_ = './genotype_efficientnet-lite0_ksdd2.py'

from mmseg_ext.engine import two_halves  # noqa: E402

# what a derived config inherits from
derive_base = 'mmseg_ext::search/genotype_efficientnet-lite0_ksdd2.py'
model = dict(
    type='SearchEncoderDecoder',
    beta=0.05,  # twice as slow costs 5 points, in units of the loss
    gamma=0.01,
    decode_head=dict(
        type='SearchableHead',
        ops=[
            'conv3x3', 'separable3x3', 'dilated3x3', 'conv1x1', 'attention',
            'skip'
        ]))

# four images of each half of the training set
train_dataloader = two_halves(_base_.train_dataloader)
optim_wrapper = dict(
    constructor='SearchOptimWrapperConstructor',
    # 1050 steps of this make an alpha of 0.3 at most, and the temperature of
    # the end a logit of 3 of that
    arch=dict(lr=3e-4),
    clip_grad=dict(max_norm=5.0))
param_scheduler = dict(
    _delete_=True, weights=_base_.param_scheduler, arch=[])
default_hooks = dict(search=dict(type='SearchHook'))
