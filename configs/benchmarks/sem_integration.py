# Table 3 of Byeon et al., 2025: how the attention's results are integrated.
_base_ = './_base_/sem.py'

title = 'Integration of the cross-attention'
rows = dict(
    addition=dict(
        title='addition',
        config='../sem/segformer_xattn_add_sem.py',
        quick=dict(
            config='../sem/segformer_xattn_mit-b0_sem.py',
            cfg_options={
                'model.neck.integration': 'add',
                'model.decode_head.in_channels': [32, 64, 160, 256],
            })),
    proposed=dict(
        title='concatenation (proposed)',
        config='../segformer_xattn_sem.py',
        quick=dict(config='../sem/segformer_xattn_mit-b0_sem.py')))
published = dict(
    source='Byeon et al., 2025, table 3',
    values=dict(
        addition=dict(mIoU='41.2', ClassRatioError='10.28'),
        proposed=dict(mIoU='47.8', ClassRatioError='9.97')))
