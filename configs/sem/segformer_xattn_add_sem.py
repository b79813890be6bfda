# Table 3 of the paper: results added to the maps instead of concatenated.
_base_ = '../segformer_xattn_sem.py'

model = dict(
    neck=dict(integration='add'),
    decode_head=dict(in_channels=[64, 128, 320, 512]))
