# Table 2 of the paper: F8<-F4, F16<-F8, F32<-F16.
_base_ = '../segformer_xattn_sem.py'

model = dict(
    neck=dict(direction='backward'),
    decode_head=dict(in_channels=[64, 256, 640, 1024]))
