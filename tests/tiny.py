"""Shrink a config until one training step takes a second."""
from mmengine.config import Config

CROP = 64


def _shrink_pipeline(pipeline: list) -> None:
    for step in pipeline:
        if step['type'] in ('Resize', 'RandomResize'):
            step['scale'] = (96, 96)
        if step['type'] in ('RandomCrop', 'DefectCrop'):
            step['crop_size'] = (CROP, CROP)


def shrink(cfg: Config, steps: int = 1) -> Config:
    """Let a config train ``steps`` steps of two small crops, then validate.

    The model, the data set's type and the pipelines' order stay as they are.
    """
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
        _shrink_pipeline(loader.dataset.pipeline)
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
    return cfg
