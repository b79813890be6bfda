# Table 2 of Byeon et al., 2025: the direction of the cross-attention.
_base_ = './_base_/sem.py'

title = 'Direction of the cross-attention'
rows = dict(
    backward=dict(
        title='backward',
        config='../sem/segformer_xattn_backward_sem.py',
        quick=dict(
            config='../sem/segformer_xattn_mit-b0_sem.py',
            cfg_options={
                'model.neck.direction': 'backward',
                'model.decode_head.in_channels': [32, 128, 320, 512],
            })),
    proposed=dict(
        title='forward (proposed)',
        config='../segformer_xattn_sem.py',
        quick=dict(config='../sem/segformer_xattn_mit-b0_sem.py')))
published = dict(
    source='Byeon et al., 2025, table 2',
    values=dict(
        backward=dict(mIoU='47.6', ClassRatioError='10.03'),
        proposed=dict(mIoU='47.8', ClassRatioError='9.97')))
