"""Statistics of batch norms, taken anew from unlabelled images."""
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from mmseg_ext.basics.sections import sections
from mmseg_ext.engine.norm_statistics import (
    reestimate_norms,
    running_norms,
)
from mmseg_ext.inference import TorchModel

from .images import TargetImages
from .settings import AdaptationSettings

BATCH = 16  # crops whose norms are pooled at once
DEFAULT = 512  # side of crops where the training has none
MULTIPLE = 32  # of sides: what the strides of most networks divide


def check_norms(model: nn.Module) -> str:
    """Return what of a model's norms stays; '' if nothing does.

    Raises:
        ValueError: If no norm has running statistics.
    """
    norms = running_norms(model)
    others = sum(isinstance(module, (nn.LayerNorm, nn.GroupNorm))
                 for module in model.modules())
    if not norms:
        raise ValueError(
            'The model has no batch norm with running statistics'
            + (f', but {others} layer or group norms, which have none'
               if others else '')
            + ': --method batch-norm can change nothing in it. --method '
            'intensity changes the images, for any model')
    return (f'{others} layer or group norms have no statistics and stay'
            if others else '')


class NormChange(NamedTuple):
    """How the statistics of a model's batch norms have changed.

    Attributes:
        count: Number of norms that were set.
        moved: How far their means moved, in old standard deviations, on
            average.
        pixels: Of the crops that they were taken from.
    """
    count: int
    moved: float
    pixels: int


def adapt_norms(model: TorchModel, cfg: Config, images: TargetImages,
                settings: AdaptationSettings) -> NormChange:
    """Set a model's running statistics to those of other images.

    Args:
        model: Changed in place.
        cfg: Its config, for the size of the training's crops.
        images: The others.
        settings: How.

    Raises:
        ValueError: If the crops are too small for the network.
    """
    norms = running_norms(model.model)
    before = [(norm.running_mean.clone(), norm.running_var.clone())
              for norm in norms]
    crops = _crops(model, cfg, images, settings)
    count = reestimate_norms(
        model.model, _even(crops), lambda net, batch: net(batch, None),
        settings.alpha)
    moved = [((norm.running_mean - mean).abs() / (var + norm.eps).sqrt()
              ).mean().item() for norm, (mean, var) in zip(norms, before)
             if not torch.equal(norm.running_mean, mean)]
    moved = sum(moved) / max(len(moved), 1)
    return NormChange(count, moved, len(crops) * crops[0, 0].numel())


def _even(crops: Tensor) -> Sequence[Tensor]:
    """Return batches of about the same size, none of a single crop."""
    return crops.chunk(max(round(len(crops) / BATCH), 1))


def _crops(model: TorchModel, cfg: Config, images: TargetImages,
           settings: AdaptationSettings) -> Tensor:
    """Return crops as the network sees them in a prediction.

    Shape:
        - output: (settings.crops, 3, H, W), on the model's device
    """
    found = list(_cut(model, _crop_size(cfg), images, settings))
    sides = [min(crop.shape[i] for crop in found) for i in (1, 2)]
    return torch.stack([crop[:, :sides[0], :sides[1]] for crop in found])


@torch.no_grad()
def _cut(model: TorchModel, size: tuple[int, int], images: TargetImages,
         settings: AdaptationSettings) -> Iterator[Tensor]:
    paths = images.paths
    number = min(settings.crops, len(paths))
    generator = torch.Generator().manual_seed(settings.seed)
    for place in range(number):
        path = paths[(2 * place + 1) * len(paths) // (2 * number)]
        image, _ = images.read(path)
        if model.match is not None:
            image = model.match(image, str(path))
        data = model.model.data_preprocessor(
            pseudo_collate([model.prepare(image)]), False)
        whole = data['inputs'][0]  # (3, H, W)
        sides = [min(side, length) // MULTIPLE * MULTIPLE or
                 min(side, length)
                 for side, length in zip(size, whole.shape[1:])]
        # as many of each image, but for the rest
        for _ in range(place, settings.crops, number):
            top, left = (
                int(torch.randint(length - side + 1, (), generator=generator))
                for length, side in zip(whole.shape[1:], sides))
            yield whole[:, top:top + sides[0], left:left + sides[1]].clone()


def _crop_size(cfg: Config) -> tuple[int, int]:
    """Return height and width of the training's crops."""
    for section in sections((cfg.get('train_dataloader') or {}).get(
            'dataset')):
        size = section.get('crop_size')
        if size is not None:
            return (size, size) if isinstance(size, int) else tuple(size)
    return DEFAULT, DEFAULT
