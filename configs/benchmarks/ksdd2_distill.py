# What a U-Net of twice the width teaches the small one: its logits at each
# pixel, its logits in each channel, its features; beside the small one alone,
# also for as long as a step with a teacher takes.
_base_ = './_base_/ksdd2.py'

title = 'U-Net on KolektorSDD2: distillation'
runs = 'ksdd2_distill'  # its short budget is not that of the other suites
quick = dict(
    budget='300 steps of four 128 x 112 crops of surfaces of 320 x 116, from '
    'random weights, bfloat16 where the CPU has it',
    cfg_options={
        'train_cfg.max_iters': 300,
        'train_dataloader.batch_size': 4,
        'default_hooks.checkpoint.interval': 150,
    })
rows = dict(
    teacher_c32=dict(
        title='teacher: U-Net, c32',
        config='../ksdd2/unet_c16_ksdd2.py',
        cfg_options={
            'model.backbone.base_channels': 32,
            'model.decode_head.in_channels': 32,
            'model.decode_head.channels': 32,
        }),
    shipped=dict(title='U-Net, c16', config='../ksdd2/unet_c16_ksdd2.py'),
    plain_longer=dict(
        title='U-Net, c16, 1.5 x the steps',
        config='../ksdd2/unet_c16_ksdd2.py',
        cfg_options={'train_cfg.max_iters': 2250},
        quick=dict(cfg_options={'train_cfg.max_iters': 450})),
    pixel=dict(
        title='U-Net, c16, pixel',
        config='../ksdd2/unet_c16_distill_ksdd2.py',
        teacher='teacher_c32'),
    channel=dict(
        title='U-Net, c16, channel',
        config='../ksdd2/unet_c16_distill_ksdd2.py',
        cfg_options={
            'model.distill.loss': dict(
                _delete_=True, type='ChannelDistillLoss')
        },
        teacher='teacher_c32'),
    feature=dict(
        title='U-Net, c16, feature',
        config='../ksdd2/unet_c16_distill_ksdd2.py',
        cfg_options={
            'model.distill.loss': None,
            'model.distill.feature': dict(),
        },
        teacher='teacher_c32'))
