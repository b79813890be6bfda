# What the suites on few images share. Every row trains for as long as
# SegFormer's head over the packaged encoder takes for its steps.
seeds = [0, 1, 2]
budget = (
    'Equal wall-clock: as long as SegFormer over EfficientNet-Lite0 takes for '
    '300 steps of its config')
equal_time = dict(row='segformer', steps=300)
quick = dict(
    budget='Equal wall-clock: as long as SegFormer over EfficientNet-Lite0 '
    'takes for 100 steps of its config',
    equal_time=dict(row='segformer', steps=100))
