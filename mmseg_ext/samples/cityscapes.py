"""Synthetic street scenes in the layout of Cityscapes.

Things vary in scale by perspective and in pose, and classes share their
colours and textures, so that shape and surroundings tell what a thing is.
"""
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics.arguments import check_at_least

from ._staging import child_seed, write_set
from ._street import paint_street
from ._street_canvas import LABEL_IDS

CITYSCAPES_CLASSES = tuple(LABEL_IDS)  # by train id
TRAIN_IDS = np.full(256, 255, np.uint8)  # by id
TRAIN_IDS[list(LABEL_IDS.values())] = range(len(LABEL_IDS))
# Fictitious towns of each split.
CITIES = dict(train=('ahlhausen', 'borgstedt'), val=('carlsfurt', ))
# What picture k must show, by k modulo their number: every class in one of
# them at least. Whatever else it shows is drawn by chance.
FEATURED = (
    ('train', 'bicycle', 'traffic light', 'wall', 'person', 'road'),
    ('bus', 'motorcycle', 'traffic sign', 'fence', 'car'),
    ('truck', 'bicycle', 'terrain', 'pole', 'building', 'sky'),
    ('train', 'motorcycle', 'traffic sign', 'wall', 'fence'),
    ('bus', 'rider', 'traffic light', 'person', 'sidewalk', 'vegetation'),
    ('truck', 'motorcycle', 'traffic light', 'terrain', 'wall', 'fence'),
)
MIN_SIDE = 64


def render_cityscapes(
        seed: int,
        size: tuple[int, int] = (256, 512),
        featured: Sequence[str] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Render one street and its labels, the same for the same arguments.

    Args:
        seed: Seed of the picture, 0 or more.
        size: Height and width in pixels, 64 or more each.
        featured: Names out of ``CITYSCAPES_CLASSES``, each of which must
            cover 0.04 % of the picture or more.

    Returns:
        Picture, uint8, (H, W, 3) RGB, and train ids, uint8, (H, W), 0-18 or
        255 where there is no label.

    Raises:
        ValueError: If an argument is out of its range, or no street shows
            all that is featured.
    """
    image, labels = _render(seed, size, featured)
    return image, TRAIN_IDS[labels]


def _render(seed: int, size: tuple[int, int],
            featured: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    _check(seed, size)
    unknown = [name for name in featured if name not in LABEL_IDS]
    if unknown:
        raise ValueError(f'featured={featured!r}: must be names out '
                         f'of {CITYSCAPES_CLASSES}')
    return paint_street(np.random.default_rng(seed), tuple(size), featured)


def write_cityscapes_sample(
        root: str | os.PathLike,
        num_train: int = 40,
        num_val: int = 16,
        size: tuple[int, int] = (256, 512),
        seed: int = 0,
        progress: Optional[Callable[[int, int], None]] = None) -> Path:
    """Write streets and their labels to ``root``, as Cityscapes has them.

    ::

        leftImg8bit/SPLIT/CITY/CITY_SSSSSS_000019_leftImg8bit.png  RGB
        gtFine/SPLIT/CITY/CITY_SSSSSS_000019_gtFine_labelIds.png
        gtFine/SPLIT/CITY/CITY_SSSSSS_000019_gtFine_labelTrainIds.png

    SPLIT is train, of two cities in turn, or val, of a third one; SSSSSS
    counts from 000000 in each city. Train ids are 0-18, and 255 where
    nothing is evaluated: the camera's own car, the margin, some outlines,
    rubbish bins and benches. A picture depends on ``seed``, its
    split, its rank there and ``size`` only, not on the counts. Six pictures
    in a row show all 19 classes.

    Args:
        root: Directory to write to; made if it is missing.
        num_train: Training pictures, 0 or more.
        num_val: Validation pictures, 0 or more.
        size: Height and width in pixels, 64 or more each.
        seed: Seed of the data set, 0 or more.
        progress: Called with (pictures done, pictures in all) after each
            picture.

    Returns:
        ``root`` as a path.

    Raises:
        FileExistsError: If ``root`` already holds pictures or labels.
        ValueError: If an argument is out of its range.
    """
    check_at_least(0, num_train=num_train, num_val=num_val)
    _check(seed, size)
    counts = dict(train=num_train, val=num_val)
    jobs = [(split, k) for split, count in counts.items()
            for k in range(count)]
    folders = [f'{top}/{split}/{city}' for top in ('leftImg8bit', 'gtFine')
               for split, cities in CITIES.items() for city in cities]

    def render(job: tuple[str, int]) -> dict[str, np.ndarray]:
        split, k = job
        cities = CITIES[split]
        city = cities[k % len(cities)]
        place = f'{split}/{city}/{city}_{k // len(cities):06d}_000019'
        picture_seed = child_seed(seed, list(CITIES).index(split), k)
        image, labels = _render(picture_seed, size,
                                FEATURED[k % len(FEATURED)])
        return {
            f'leftImg8bit/{place}_leftImg8bit.png': image,
            f'gtFine/{place}_gtFine_labelIds.png': labels,
            f'gtFine/{place}_gtFine_labelTrainIds.png': TRAIN_IDS[labels],
        }

    return write_set(root, folders, jobs, render, progress)


def _check(seed: int, size: tuple[int, int]) -> None:
    check_at_least(0, seed=seed)
    if len(size) != 2 or min(size) < MIN_SIDE:
        raise ValueError(f'size={tuple(size)}: must be (height, '
                         f'width) of {MIN_SIDE} pixels or more each')
