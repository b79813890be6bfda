# The cross-attention between scales on SegFormer at B0's size, from random
# weights on the synthetic micrographs: what of it is worth its time?
# About an hour of two cores, 40 trials and the final table.
title = 'Cross-attention neck on synthetic micrographs'
base = '../sem/segformer_xattn_quickstart.py'
data_root = 'data/sem'
data_help = 'Write the set: python tools/make_sample.py sem data/sem'

space = {
    'model.neck.direction': ['forward', 'backward'],
    'model.neck.integration': ['concat', 'add'],
    'model.neck.num_heads': [1, 2, 4],
    'model.decode_head.channels': [64, 128, 256],
    'optim_wrapper.optimizer.lr': dict(low=3e-4, high=3e-3, log=True),
}
# The head's channels are the neck's out_channels: of two maps that are
# concatenated the sum, and the map without a partner keeps its own.
coupled = [
    dict(when={
        'model.neck.direction': direction,
        'model.neck.integration': integration
    }, then={'model.decode_head.in_channels': channels})
    for direction, integration, channels in (
        ('forward', 'concat', [64, 128, 320, 256]),
        ('backward', 'concat', [32, 128, 320, 512]),
        ('forward', 'add', [32, 64, 160, 256]),
        ('backward', 'add', [32, 64, 160, 256]))
]

objective = 'mIoU'
budget = dict(steps=120, seeds=[0])
rungs = [40]
score = dict(alpha=1.0, beta=5.0, gamma=1.0)
input_size = (128, 128)  # the crop
final = dict(top=3, seeds=[1, 2, 3], steps=240)
cfg_options = {
    # a quarter of the quick start's: more steps in the time
    'train_dataloader.dataset.pipeline.2.crop_size': (128, 128),
    'custom_hooks': [],
}
