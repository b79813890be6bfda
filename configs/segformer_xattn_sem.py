# The proposed model: multi-scale cross-attention on SegFormer-B5, forward
# (F4<-F8, F8<-F16, F16<-F32), results concatenated. Its poly power is the
# paper's literal one, see _base_/schedules/sem_150e.py for what that means.
_base_ = './sem/segformer_mit-b5_c512_sem.py'

model = dict(
    neck=dict(
        type='MultiScaleCrossAttentionNeck', in_channels=[64, 128, 320, 512]),
    # the neck's out_channels
    decode_head=dict(in_channels=[128, 256, 640, 512]))
