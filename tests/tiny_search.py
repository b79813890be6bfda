"""A search file around the smallest MiT, on the tests' micrographs."""
TEXT = """
title = 'Tiny'
base = {base!r}
data_root = {root!r}
space = {{
    'model.neck.integration': ['concat', 'add'],
    'model.decode_head.channels': [16, 17],
    'optim_wrapper.optimizer.lr': [0.001, 0.003],
}}
coupled = [dict(when={{'model.neck.integration': 'add'}},
                then={{'model.decode_head.in_channels': [8, 16, 40, 64]}})]
objective = 'mIoU'
budget = dict(steps=2)
rungs = [1]
input_size = (64, 64)
final = dict(top=1, seeds=[1], steps=1)
cfg_options = {{
    'custom_hooks': [],
    'model.backbone.embed_dims': 8,
    'model.backbone.num_layers': [1, 1, 1, 1],
    'model.neck.in_channels': [8, 16, 40, 64],
    'model.decode_head.in_channels': [16, 32, 80, 64],
    'model.decode_head.channels': 16,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'test_dataloader.num_workers': 0,
    'test_dataloader.persistent_workers': False,
    'train_dataloader.batch_size': 2,
    'train_dataloader.dataset.pipeline.2.crop_size': (64, 64),
    'default_hooks.logger.interval': 1,
}}
"""


def write_search(path, repository, root, *changes):
    """Write it with other text in some places: (old, new), ..."""
    text = TEXT.format(base=str(
        repository / 'configs/sem/segformer_xattn_quickstart.py'),
        root=str(root))
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path
