# BiSeNet of a quarter of the width, from random weights, for a CPU. See
# bisenetv1_r18.py.
_base_ = './bisenetv1_r18.py'

# no dropout: so short a run has no time to overfit
model = dict(
    backbone=dict(
        context_channels=(32, 64, 128),
        spatial_channels=(16, 16, 16, 32),
        out_channels=64,
        backbone_cfg=dict(
            stem_channels=16, base_channels=16, init_cfg=None)),
    decode_head=dict(
        in_channels=64, channels=64, dropout_ratio=0.0, num_classes=3),
    auxiliary_head=[
        dict(
            head,
            in_channels=32,
            channels=16,
            dropout_ratio=0.0,
            num_classes=3) for head in _base_.model.auxiliary_head
    ])
