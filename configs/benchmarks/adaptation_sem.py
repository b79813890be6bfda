# Adaptation to another microscope, whose synthetic images are darker, noisier,
# less sharp and of lower contrast: 24 of one with masks, 16 of the other
# without, 8 of the other for the test.
_base_ = './_base_/adaptation.py'

title = 'Synthetic micrographs, another microscope'
data_root = 'data/sem_domains'
data_help = (
    'Write them: python tools/make_sample.py sem data/sem_domains '
    '--num-target 16 --num-test 8')
fill = dict(folder='sem', data='sem')
rows = _base_.rows
for name in ('augmented', 'augmented_intensity'):
    for part in (rows[name], rows[name]['quick']):
        light = part['cfg_options']['train_dataloader.dataset.pipeline'][2]
        # what tools/plan.py finds in the source
        light.update(brightness=0.06, contrast=1.24)
del name, part, light
