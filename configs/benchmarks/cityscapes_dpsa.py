# Deformable polarized self-attention in a small backbone, against the same
# backbone without it and with GCNet's block in the same places. The paper on
# the block names Cityscapes and publishes no number.
title = 'A block in FCN with ResNet-18 of a quarter of the width'
data_root = 'data/cityscapes'
data_help = (
    'Cityscapes in its own layout, or synthetic streets: python '
    'tools/make_sample.py cityscapes data/cityscapes --num-train 120 '
    '--num-val 32')
seeds = [0, 1, 2]
budget = (
    '1500 steps of four 192 x 384 crops from random weights, bfloat16 where '
    'the CPU has it')
input_size = (192, 384)  # the crop
cfg_options = {
    'train_cfg.max_iters': 1500,
    'train_cfg.val_interval': 1500,
    'default_hooks.checkpoint.interval': 500,
}
columns = dict(mIoU=dict(title='mIoU', unit='%'))
rows = dict(
    fcn=dict(
        title='without',
        config='../cityscapes/fcn_r18-c16_cityscapes.py'),
    fcn_dpsa=dict(
        title='DeformablePSA',
        config='../cityscapes/fcn_r18-c16_dpsa_cityscapes.py'),
    fcn_gc=dict(
        title='ContextBlock',
        config='../cityscapes/fcn_r18-c16_gc_cityscapes.py'))
quick = dict(
    budget='300 steps of four 192 x 384 crops from random weights, bfloat16 '
    'where the CPU has it',
    cfg_options={
        'train_cfg.max_iters': 300,
        'default_hooks.checkpoint.interval': 100,
    })
