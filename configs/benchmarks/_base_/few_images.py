# What the suites on few images share: today's small config from random
# weights, two decoders over the packaged encoder (extra `encoders`) with and
# without its weights, and what tools/plan.py makes of the data. Every row
# trains for as long as the reference takes for its steps.
seeds = [0, 1, 2]
rows = dict(
    today=dict(
        title='small config, random', config='../{folder}/{today}_{data}.py'),
    segformer_random=dict(
        title='SegFormer over Lite0, random',
        config='../{folder}/segformer_efficientnet-lite0_{data}.py',
        cfg_options={'model.backbone.init_cfg': None}),
    segformer=dict(
        title='SegFormer over Lite0, ImageNet',
        config='../{folder}/segformer_efficientnet-lite0_{data}.py'),
    unet_random=dict(
        title='U-Net over Lite0, random',
        config='../{folder}/unet_efficientnet-lite0_{data}.py',
        cfg_options={'model.backbone.init_cfg': None}),
    unet=dict(
        title='U-Net over Lite0, ImageNet',
        config='../{folder}/unet_efficientnet-lite0_{data}.py'),
    plan=dict(title='the plan', plan=dict()))
budget = (
    'Equal wall-clock: as long as SegFormer over EfficientNet-Lite0 takes for '
    '1500 steps of its config')
equal_time = dict(row='segformer', steps=1500)
quick = dict(
    budget='Equal wall-clock: as long as SegFormer over EfficientNet-Lite0 '
    'takes for 300 steps of its config',
    equal_time=dict(row='segformer', steps=300))
