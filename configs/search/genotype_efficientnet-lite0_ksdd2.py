# A light head of 3 x 3 convolutions over the packaged encoder on KolektorSDD2:
# what a search begins from, and what it is relative to.
_base_ = '../ksdd2/segformer_efficientnet-lite0_ksdd2.py'

model = dict(
    decode_head=dict(
        type='GenotypeHead',
        ops=['conv3x3', 'conv3x3', 'conv3x3', 'conv3x3'],
        integration='concat',
        channels=64))  # a search computes six operations of it
