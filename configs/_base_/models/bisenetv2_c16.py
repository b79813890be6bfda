# BiSeNet V2 of a quarter of the width, for a CPU. See bisenetv2.py.
_base_ = './bisenetv2.py'

# no dropout: so short a run has no time to overfit
model = dict(
    backbone=dict(
        detail_channels=(16, 16, 32),
        semantic_channels=(4, 8, 16, 32),
        bga_channels=32),
    decode_head=dict(
        in_channels=32, channels=64, dropout_ratio=0.0, num_classes=3),
    auxiliary_head=[
        dict(
            head,
            in_channels=width,
            channels=16,
            dropout_ratio=0.0,
            num_classes=3)
        for head, width in zip(_base_.model.auxiliary_head, (4, 8, 16, 32))
    ])
