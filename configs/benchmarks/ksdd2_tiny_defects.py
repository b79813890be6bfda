# Loss, sampler and crop against plain cross-entropy on KolektorSDD2.
_base_ = './_base_/ksdd2.py'

title = 'U-Net on KolektorSDD2: what keeps tiny defects'
rows = dict(
    ce=dict(
        title='cross-entropy',
        config='../ksdd2/unet_c16_ksdd2.py',
        cfg_options={
            'model.decode_head.loss_decode.type': 'CrossEntropyLoss',
            'model.decode_head.loss_decode.class_weight': None,
            'train_dataloader.sampler.type': 'InfiniteSampler',
            'train_dataloader.dataset.pipeline.3.defect_prob': 0,
        }),
    ce_dice=dict(
        title='+ Dice, a defect\'s pixel counts as ten',
        config='../ksdd2/unet_c16_ksdd2.py',
        cfg_options={
            'train_dataloader.sampler.type': 'InfiniteSampler',
            'train_dataloader.dataset.pipeline.3.defect_prob': 0,
        }),
    sampler=dict(
        title='+ balanced sampler',
        config='../ksdd2/unet_c16_ksdd2.py',
        cfg_options={
            'train_dataloader.dataset.pipeline.3.defect_prob': 0,
        }),
    shipped=dict(title='+ DefectCrop', config='../ksdd2/unet_c16_ksdd2.py'))
