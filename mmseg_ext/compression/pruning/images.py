"""Crops of the training images, as a network sees them in a prediction."""
import copy
from collections.abc import Iterator

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmseg.registry import DATASETS, TRANSFORMS
from torch import Tensor, nn

from mmseg_ext.basics.sections import sections

DEFAULT = 512  # side of crops where neither training nor tests have one
MULTIPLE = 32  # of sides: what the strides of most networks divide


def calibration_crops(cfg: Config, model: nn.Module, count: int,
                      seed: int = 0) -> Tensor:
    """Return crops of a config's training images; no mask is read.

    Images are prepared as for testing, and cut to the size of the training's
    crops, at random places. Up to ``count`` images are taken, spread over
    the set; of fewer several crops each.

    Args:
        cfg: With a train_dataloader and a test_dataloader.
        model: Segmentor, whose data preprocessor normalises.
        count: Number of crops.
        seed: Of their places.

    Shape:
        - output: (count, 3, H, W), on the model's device

    Raises:
        ValueError: If the config has no training images.
        FileNotFoundError: If they are not there.
    """
    train = _section(cfg, 'train_dataloader')
    test = _section(cfg, 'test_dataloader')
    pipeline = [step for step in test['pipeline']
                if 'Annotations' not in step['type']]
    dataset = DATASETS.build(dict(train, pipeline=[]))
    steps = [TRANSFORMS.build(step) for step in pipeline]
    number = min(count, len(dataset))
    if not number:
        raise ValueError('The training set of the config is empty: pruning '
                         'looks at its images')
    chosen = [(2 * i + 1) * len(dataset) // (2 * number)
              for i in range(number)]
    images = [_prepared(dataset.get_data_info(i), steps, model)
              for i in chosen]
    size = _size(train['pipeline'])
    sides = [min(size[i], *(image.shape[1 + i] for image in images))
             for i in range(2)]
    sides = [side // MULTIPLE * MULTIPLE or side for side in sides]
    generator = torch.Generator().manual_seed(seed)
    crops = []
    for i in range(count):
        image = images[i % number]
        top, left = (
            int(torch.randint(length - side + 1, (), generator=generator))
            for length, side in zip(image.shape[1:], sides))
        crops.append(image[:, top:top + sides[0], left:left + sides[1]])
    return torch.stack(crops)


def labelled_batches(cfg: Config, count: int) -> Iterator[dict]:
    """Yield batches of the training, with labels.

    Args:
        cfg: Config.
        count: Number of images, at least.
    """
    loader = copy.deepcopy(cfg.train_dataloader)
    loader.update(num_workers=0, persistent_workers=False)
    seen = 0
    while seen < count:
        before = seen
        for batch in Runner.build_dataloader(loader, seed=0):
            yield batch
            seen += len(batch['inputs'])
            if seen >= count:
                return
        if seen == before:
            raise ValueError('The training set of the config is empty: the '
                             'importance taylor needs labelled images')


def _section(cfg: Config, name: str) -> dict:
    """Return a data set's config, out of any wrappers."""
    for section in sections((cfg.get(name) or {}).get('dataset')):
        if 'pipeline' in section:
            return section
    raise ValueError(f'The config has no {name} with a data set: pruning '
                     'looks at training images, prepared as for testing')


def _prepared(info: dict, steps: list, model: nn.Module) -> Tensor:
    sample = info
    for step in steps:
        sample = step(sample)
    data = model.data_preprocessor(pseudo_collate([sample]), False)
    return data['inputs'][0]


def _size(pipeline: list[dict]) -> tuple[int, int]:
    """Return height and width of the training's crops."""
    for step in pipeline:
        size = step.get('crop_size')
        if size is not None:
            return (size, size) if isinstance(size, int) else tuple(size)
    return DEFAULT, DEFAULT
