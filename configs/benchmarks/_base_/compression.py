# What the suites on smaller models share: a U-Net and a SegFormer-B0 as they
# are, distilled, pruned, and what each of these has to beat: pruned at random,
# trained small from the start, and trained on without losing anything.
seeds = [0, 1, 2]
unet = '../{folder}/unet_c16_{data}.py'
segformer = '../{folder}/segformer_mit-b0_{data}.py'
distill = {
    'model.type': 'DistillEncoderDecoder',
    'model.distill': dict(
        loss=dict(type='PixelDistillLoss', temperature=4.0), alpha=0.5),
}
# what a pruned model trains on with, tools/prune.py's own: half of the steps
on = {'train_cfg.max_iters': 750}
# as many steps as a pruned model has had in all
whole = {'train_cfg.max_iters': 2250}
quick_on = {'train_cfg.max_iters': 200}
quick_whole = {'train_cfg.max_iters': 600}
# of a U-Net's 16 channels multiples of 8 leave no 30 %
steps_of_4 = dict(round_to=4)
c8 = {
    'model.backbone.base_channels': 8,
    'model.decode_head.in_channels': 8,
    'model.decode_head.channels': 8,
}
head = {'model.decode_head.channels': 128}
rows = dict(
    # the small ones have no pretrained weights; what these bring, it teaches
    unet_lite0=dict(
        title='teacher: U-Net, EfficientNet-Lite0',
        config='../{folder}/unet_efficientnet-lite0_{data}.py'),
    unet=dict(title='U-Net, c16', config=unet),
    unet_distilled=dict(
        title='U-Net, distilled',
        config=unet,
        cfg_options=distill,
        teacher='unet_lite0'),
    unet_pruned30=dict(
        title='U-Net, pruned 30 %',
        config=unet,
        cfg_options=on,
        pruned=dict(
            row='unet', ratio=0.3, importance='magnitude', **steps_of_4),
        quick=dict(cfg_options=quick_on)),
    unet_pruned50=dict(
        title='U-Net, pruned 50 %',
        config=unet,
        cfg_options=on,
        pruned=dict(
            row='unet', ratio=0.5, importance='magnitude', **steps_of_4),
        quick=dict(cfg_options=quick_on)),
    unet_pruned50_distilled=dict(
        title='U-Net, pruned 50 %, distilled',
        config=unet,
        cfg_options={**on, **distill},
        pruned=dict(
            row='unet', ratio=0.5, importance='magnitude', **steps_of_4),
        teacher='unet',
        quick=dict(cfg_options={**quick_on, **distill})),
    unet_taylor50=dict(
        title='U-Net, pruned 50 % by Taylor',
        config=unet,
        cfg_options=on,
        pruned=dict(
            row='unet', ratio=0.5, importance='taylor', **steps_of_4),
        quick=dict(cfg_options=quick_on)),
    unet_activation50=dict(
        title='U-Net, pruned 50 % by activation',
        config=unet,
        cfg_options=on,
        pruned=dict(
            row='unet', ratio=0.5, importance='activation', **steps_of_4),
        quick=dict(cfg_options=quick_on)),
    unet_random50=dict(
        title='U-Net, pruned 50 % at random',
        config=unet,
        cfg_options=on,
        pruned=dict(
            row='unet', ratio=0.5, importance='random', **steps_of_4),
        quick=dict(cfg_options=quick_on)),
    unet_c8=dict(
        title='U-Net, c8 from the start',
        config=unet,
        cfg_options={**c8, **whole},
        quick=dict(cfg_options={**c8, **quick_whole})),
    unet_on=dict(
        title='U-Net, c16, trained on',
        config=unet,
        cfg_options=on,
        pruned=dict(row='unet', ratio=0),
        quick=dict(cfg_options=quick_on)),
    segformer=dict(title='SegFormer-B0', config=segformer),
    segformer_distilled=dict(
        title='SegFormer-B0, distilled',
        config=segformer,
        cfg_options=distill,
        teacher='unet_lite0'),
    segformer_pruned30=dict(
        title='SegFormer-B0, pruned 30 %',
        config=segformer,
        cfg_options=on,
        pruned=dict(
            row='segformer', ratio=0.3, importance='magnitude'),
        quick=dict(cfg_options=quick_on)),
    segformer_pruned50=dict(
        title='SegFormer-B0, pruned 50 %',
        config=segformer,
        cfg_options=on,
        pruned=dict(
            row='segformer', ratio=0.5, importance='magnitude'),
        quick=dict(cfg_options=quick_on)),
    segformer_pruned50_distilled=dict(
        title='SegFormer-B0, pruned 50 %, distilled',
        config=segformer,
        cfg_options={**on, **distill},
        pruned=dict(
            row='segformer', ratio=0.5, importance='magnitude'),
        teacher='segformer',
        quick=dict(cfg_options={**quick_on, **distill})),
    segformer_taylor50=dict(
        title='SegFormer-B0, pruned 50 % by Taylor',
        config=segformer,
        cfg_options=on,
        pruned=dict(
            row='segformer', ratio=0.5, importance='taylor'),
        quick=dict(cfg_options=quick_on)),
    segformer_activation50=dict(
        title='SegFormer-B0, pruned 50 % by activation',
        config=segformer,
        cfg_options=on,
        pruned=dict(
            row='segformer', ratio=0.5, importance='activation'),
        quick=dict(cfg_options=quick_on)),
    segformer_random50=dict(
        title='SegFormer-B0, pruned 50 % at random',
        config=segformer,
        cfg_options=on,
        pruned=dict(
            row='segformer', ratio=0.5, importance='random'),
        quick=dict(cfg_options=quick_on)),
    segformer_small=dict(
        title='SegFormer-B0, head of 128 from the start',
        config=segformer,
        cfg_options={**head, **whole},
        quick=dict(cfg_options={**head, **quick_whole})),
    segformer_on=dict(
        title='SegFormer-B0, trained on',
        config=segformer,
        cfg_options=on,
        pruned=dict(row='segformer', ratio=0),
        quick=dict(cfg_options=quick_on)))
del (unet, segformer, distill, on, whole, quick_on, quick_whole, steps_of_4,
     c8, head)
quick = dict(
    budget='400 steps from random weights, the teacher from ImageNet; what is '
    'pruned or trained on has had 200 more; what is small from the start has '
    '600',
    cfg_options={
        'train_cfg.max_iters': 400,
        'default_hooks.checkpoint.interval': 200,
    })
