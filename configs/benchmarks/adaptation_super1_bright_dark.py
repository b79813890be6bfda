# Adaptation to the dark micrographs of Super1: the source are the 5 bright
# images of its training part, the target the 5 dark ones, the test the 4 dark
# ones of its other parts; transductive: adapted to these 4 themselves.
_base_ = './_base_/adaptation.py'

title = 'Super1, bright to dark'
data_root = 'data/super1_bright_dark'
data_help = (
    'With data/nasa_super1, see configs/super1/README.md: '
    'python tools/split_domains.py data/nasa_super1 data/super1_bright_dark '
    '--below 160')
fill = dict(folder='super1', data='super1')
rows = _base_.rows
for name in ('augmented', 'augmented_intensity'):
    for part in (rows[name], rows[name]['quick']):
        light = part['cfg_options']['train_dataloader.dataset.pipeline'][2]
        # what tools/plan.py finds in the source
        light.update(brightness=0.05, contrast=1.33)
del name, part, light

own = 'images/test'  # level 0 by intensity is the same: each image by itself
rows.update(
    batch_norm_transductive=dict(
        rows['batch_norm'],
        title='level 0: batch norms, transductive',
        adapted=dict(row='source', method='batch-norm', images=own)),
    pseudo_intensity_transductive=dict(
        rows['pseudo_intensity'],
        title='levels 0 and 1, transductive',
        pseudo_labels=dict(row='intensity', images=own)))
del own
