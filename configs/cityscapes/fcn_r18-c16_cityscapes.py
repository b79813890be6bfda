# FCN with a ResNet-18 of a quarter of the width, from random weights, within
# reach of a CPU.
_base_ = [
    'mmseg::_base_/models/fcn_r50-d8.py',
    '../_base_/datasets/cityscapes_small.py',
    '../_base_/schedules/iters_cpu_bf16.py', '../_base_/default_runtime.py'
]

model = dict(
    data_preprocessor=dict(size_divisor=8),  # the backbone's stride
    pretrained=None,
    backbone=dict(
        depth=18,
        stem_channels=16,
        base_channels=16,
        # A block that starts as 0 gives the layers in it no gradient at
        # first, and so short a run has no time to wait.
        zero_init_residual=False),
    # a quarter of upstream's for ResNet-18; no dropout: so short a run has
    # no time to overfit
    decode_head=dict(
        in_channels=128,
        channels=32,
        dropout_ratio=0.0,
        loss_decode={{_base_.head_options.loss_decode}}),
    auxiliary_head=dict(in_channels=64, channels=16, dropout_ratio=0.0),
    test_cfg={{_base_.windows}})
