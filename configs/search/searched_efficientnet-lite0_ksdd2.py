# Made by mmseg-ext derive, of iteration 10 of
# work_dirs/darts_efficientnet-lite0_ksdd2/iter_10.pth, by perturb: a trial, in
# the place of what a whole search will find.
_base_ = 'mmseg_ext::search/genotype_efficientnet-lite0_ksdd2.py'

model = dict(
    decode_head=dict(
        ops=['skip', 'conv1x1', 'conv1x1', 'skip'],
        integration='add',
    ))
