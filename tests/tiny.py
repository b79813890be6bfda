"""Shrink a config until one training step takes a second."""
import copy
from itertools import count

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.engine import load_config

CROP = 64
TESTED = 48  # pixels of an image's side in validation, unlike in training
CROPS = ('RandomCrop', 'DefectCrop', 'RareClassCrop')
_numbers = count()
# Options of the quick start: the smallest model and crops, where what is
# tested is around them.
TINY_QUICKSTART = [
    'model.backbone.embed_dims=8', 'model.backbone.num_layers=[1,1,1,1]',
    'model.neck.in_channels=[8,16,40,64]',
    'model.decode_head.in_channels=[16,32,80,64]',
    'model.decode_head.channels=16', 'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'train_dataloader.dataset.pipeline.2.crop_size=(64,64)',
    'val_dataloader.num_workers=0', 'val_dataloader.persistent_workers=False',
    'test_dataloader.num_workers=0',
    'test_dataloader.persistent_workers=False'
]


def _shrink_pipeline(pipeline: list, trains: bool) -> None:
    cropped = any(step['type'] in CROPS for step in pipeline)
    side = 96 if cropped else CROP if trains else TESTED
    for step in pipeline:
        if step['type'] in ('Resize', 'RandomResize'):
            step['scale'] = (side, side)
        if step['type'] in CROPS:
            step['crop_size'] = (CROP, CROP)


def shrink(cfg: Config, steps: int = 1) -> Config:
    """Let a config train ``steps`` steps of two small crops, then validate.

    The model, the data set's type and the pipelines' order stay as they are.
    No curves are drawn, which takes as long as such a training.
    """
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
        dataset = loader.dataset
        while 'dataset' in dataset or 'source' in dataset:  # a wrapper
            if dataset.type == 'EpisodicDataset':
                dataset.update(episodes=2, queries=1)
            dataset = dataset.get('source') or dataset.dataset
        _shrink_pipeline(dataset.pipeline, name == 'train')
    if cfg.model.data_preprocessor.get('size') is not None:
        cfg.model.data_preprocessor.size = (CROP, CROP)  # it pads to that
    cfg.train_dataloader.batch_size = 2
    if cfg.train_cfg.type == 'EpochBasedTrainLoop':
        cfg.train_dataloader.dataset.indices = 2 * steps
        cfg.train_cfg.update(max_epochs=1, val_interval=1)
        interval = 1
    else:
        cfg.train_cfg.update(max_iters=steps, val_interval=steps)
        interval = steps
    cfg.default_hooks.checkpoint.interval = interval
    cfg.default_hooks.logger.interval = 1
    if 'search' in cfg.default_hooks:
        cfg.default_hooks.search.repeats = 1
    cfg.default_hooks.curves = dict(type='CurvesHook', picture=False)
    return cfg


def plain_teacher(cfg: Config, folder) -> dict:
    """Write the plain model of a student's config as its teacher."""
    model = copy.deepcopy(cfg.model)
    model.type = 'EncoderDecoder'
    for key in ('teacher', 'distill'):
        model.pop(key, None)
    init_default_scope('mmseg')
    config, checkpoint = folder / 'teacher.py', folder / 'teacher.pth'
    Config(dict(model=copy.deepcopy(model))).dump(config)
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), checkpoint)
    return dict(config=str(config), checkpoint=str(checkpoint))


def tiny_quickstart(path, work_dir, sem_root, steps: int = 2) -> Config:
    """The quick start's config on other data, with the smallest MiT."""
    cfg = load_config(path, work_dir=str(work_dir), data_root=str(sem_root))
    cfg.model.backbone.update(embed_dims=8, num_layers=[1, 1, 1, 1])
    cfg.model.neck.in_channels = [8, 16, 40, 64]
    cfg.model.decode_head.update(
        in_channels=[16, 32, 80, 64], channels=16)
    # what begins within a second has one log in mmengine, but for the name
    cfg.experiment_name = f'tiny_{next(_numbers)}'
    return shrink(cfg, steps)
