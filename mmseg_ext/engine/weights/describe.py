"""What is known of weights by their address alone."""
import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Optional

from .scheme import IMAGENET, Normalization
from .schemes import find_scheme

TORCHVISION = ('torchvision://', 'modelzoo://')


def describe_weights(weights: str) -> str:
    """Say what weights are, in words where the scheme knows them."""
    scheme, name = find_scheme(weights)
    if scheme is None:
        return osp.basename(weights)
    return f'{scheme.describe(name)} ({weights})'


def normalization_mismatches(weights: Sequence[str],
                             preprocessor: Optional[Mapping]) -> list[str]:
    """Return a sentence for each encoder that would see other images.

    Args:
        weights: Addresses that a model starts from.
        preprocessor: ``data_preprocessor`` of its config.
    """
    given = preprocessor or {}
    found = _values(given.get('mean')), _values(given.get('std'))
    texts = []
    for name in dict.fromkeys(weights):
        known = _normalization(name)
        if known is None or found == (known.mean, known.std):
            continue
        mean, std = list(known.mean), list(known.std)
        texts.append(
            f'{name} was trained on images with mean {mean} and std {std} '
            'taken out, and the data_preprocessor takes out '
            + (f'mean {list(given["mean"])} and std {list(given["std"])}'
               if all(found) else 'none')
            + '. If that is not meant: --cfg-options '
            f'model.data_preprocessor.mean={_option(mean)} '
            f'model.data_preprocessor.std={_option(std)}')
    return texts


def _normalization(weights: str) -> Optional[Normalization]:
    scheme, name = find_scheme(weights)
    if scheme is not None:
        return scheme.normalization(name)
    return IMAGENET if weights.startswith(TORCHVISION) else None


def _values(given: Optional[Sequence[float]]) -> Optional[tuple]:
    values = tuple(given or ())
    return values * 3 if len(values) == 1 else values or None


def _option(values: Sequence[float]) -> str:
    return f'[{",".join(f"{value:g}" for value in values)}]'
