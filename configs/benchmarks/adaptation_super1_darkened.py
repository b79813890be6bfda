# Adaptation to micrographs that are darker by a factor of 0.6, nothing else:
# the source are Super1's 10 training images, the target the same ones
# darkened, the test its 8 others darkened.
_base_ = './_base_/adaptation.py'

title = 'Super1, darkened by 0.6'
data_root = 'data/super1_darkened'
data_help = (
    'With data/nasa_super1, see configs/super1/README.md: '
    'python tools/split_domains.py data/nasa_super1 data/super1_darkened '
    '--factor 0.6')
fill = dict(folder='super1', data='super1')
rows = _base_.rows
for name in ('augmented', 'augmented_intensity'):
    for part in (rows[name], rows[name]['quick']):
        light = part['cfg_options']['train_dataloader.dataset.pipeline'][2]
        # what tools/plan.py finds in the source
        light.update(brightness=0.2, contrast=1.23)
del name, part, light
