# PSPNet of a quarter of the width over ResNet-18, from random weights, for a
# CPU. See pspnet_r50.py.
_base_ = './pspnet_r50.py'

model = dict(
    pretrained=None,
    backbone=dict(
        depth=18,
        stem_channels=16,
        base_channels=16,
        # a block that starts as 0 costs so short a run time
        zero_init_residual=False),
    # no dropout: so short a run has no time to overfit
    decode_head=dict(
        in_channels=128, channels=32, dropout_ratio=0.0, num_classes=3),
    auxiliary_head=dict(
        in_channels=64, channels=16, dropout_ratio=0.0, num_classes=3))
