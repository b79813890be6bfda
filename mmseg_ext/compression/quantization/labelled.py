"""The images of a config, with the labels that its tests see."""
from functools import partial
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from .comparison import IGNORED, Sample


def config_samples(cfg: Config, *parts: str,
                   with_labels: bool = False) -> list[Sample]:
    """Return the images of a part of a config's data, each once.

    Args:
        cfg: Config.
        *parts: Of 'train', 'val' and 'test'; the first that it has counts.
        with_labels: Let samples bring the labels, as the pipeline loads
            them.

    Raises:
        FileNotFoundError: If the data are not there.
        ValueError: If the config has none of them.
    """
    loader = next(filter(None, (
        cfg.get(f'{part}_dataloader') for part in parts)), None)
    if loader is None:
        raise ValueError(f'The config has no {" or ".join(parts)}_dataloader:'
                         ' name images with --images and --compare')
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(loader['dataset'])
    samples = {}
    for i in range(len(dataset)):  # of wrappers that repeat, too
        path = Path(dataset.get_data_info(i)['img_path'])
        if path not in samples:
            label = partial(_load_label, dataset, i) if with_labels else None
            samples[path] = Sample(path, label)
    return list(samples.values())


def _load_label(dataset, index: int) -> np.ndarray:
    sample = dataset[index]['data_samples']
    if 'gt_sem_seg' not in sample:
        raise ValueError(
            f'{sample.img_path}: the config loads no label with it: name '
            'images with --images and --compare')
    label = sample.gt_sem_seg.data[0].numpy()
    ignored = getattr(dataset, 'ignore_index', IGNORED)
    return np.where(label == ignored, IGNORED, label).astype(np.uint8)
