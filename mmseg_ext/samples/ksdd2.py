"""Synthetic surfaces in the layout of KolektorSDD2.

Grain, pores, streaks and glare of the sound surface reach all the grey
levels of a defect, so that a network has to look at shapes.
"""
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics.arguments import check_at_least, check_choice

from ._commutator import DEFECTS, paint_commutator
from ._rendering import photograph
from ._staging import child_seed, write_set

KSDD2_DEFECTS = DEFECTS
FIRST_ID = dict(train=10000, test=20000)
JITTER = 0.02  # of height and width, to both sides
MIN_SIDE = 48


def render_ksdd2(
        defect_type: str,
        seed: int,
        size: tuple[int, int] = (637, 230)) -> tuple[np.ndarray, np.ndarray]:
    """Render one surface and its mask, the same for the same arguments.

    Pictures of one seed and size show the same surface with the same noise,
    whatever its defect, and differ where the masks say so.

    Args:
        defect_type: 'clean' or one of ``KSDD2_DEFECTS``.
        seed: Seed of the picture, 0 or more.
        size: Height and width in pixels, 48 or more each.

    Returns:
        Picture, uint8, (H, W, 3), three equal channels, and mask of shape
        (H, W), uint8, 255 on the pixels that the defect changed visibly and
        0 elsewhere.

    Raises:
        ValueError: If an argument is out of its range.
    """
    check_choice('defect_type', defect_type, ('clean', *KSDD2_DEFECTS))
    _check(seed, size)
    scene, flaw, sensor = (
        np.random.default_rng(child)
        for child in np.random.SeedSequence(seed).spawn(3))
    clean, broken = paint_commutator(scene, flaw, defect_type, tuple(size))
    image, mask = photograph(sensor, clean, broken)
    return np.repeat(image[..., None], 3, axis=2), mask


def write_ksdd2_sample(
        root: str | os.PathLike,
        num_defective: int = 40,
        num_clean: int = 60,
        num_test_defective: int = 15,
        num_test_clean: int = 25,
        size: tuple[int, int] = (637, 230),
        seed: int = 0,
        progress: Optional[Callable[[int, int], None]] = None) -> Path:
    """Write surfaces with and without defects to ``root``.

    ::

        train/10000.png     RGB       test/20000.png
        train/10000_GT.png  0/255     test/20000_GT.png

    Ids count up, with the defective ones spread evenly among the clean ones;
    types of defect take turns. As the published files do, ``train`` holds a
    copy of an image and of its mask, '10000 (copy).png' and
    '10000_GT (copy).png', which no program should read. Pictures differ in
    size. What a picture shows depends on ``seed``, its part, its rank among
    the defective or the clean ones and ``size`` only, not on the counts.

    Args:
        root: Directory to write to; made if it is missing.
        num_defective: Defective training pictures, 0 or more.
        num_clean: Clean training pictures, 0 or more.
        num_test_defective: Defective test pictures, 0 or more.
        num_test_clean: Clean test pictures, 0 or more.
        size: Mean height and width in pixels, 50 or more each.
        seed: Seed of the data set, 0 or more.
        progress: Called with (pictures done, pictures in all) after each
            picture.

    Returns:
        ``root`` as a path.

    Raises:
        FileExistsError: If ``root`` already holds a part.
        ValueError: If an argument is out of its range.
    """
    check_at_least(
        0,
        num_defective=num_defective,
        num_clean=num_clean,
        num_test_defective=num_test_defective,
        num_test_clean=num_test_clean)
    _check(seed, size, MIN_SIDE + 2)
    counts = dict(train=(num_defective, num_clean),
                  test=(num_test_defective, num_test_clean))
    jobs = [(part, FIRST_ID[part] + rank, defective, k)
            for part, numbers in counts.items()
            for rank, (defective, k) in enumerate(_mix(*numbers))]

    def render(job: tuple[str, int, bool, int]) -> dict[str, np.ndarray]:
        part, name, defective, k = job
        defect_type = KSDD2_DEFECTS[k % 3] if defective else 'clean'
        kind = 'defective' if defective else 'clean'
        # Names, not ranks: new ones must not shift others.
        picture_seed = child_seed(seed, zlib.crc32(f'{part}/{kind}'.encode()),
                                  k)
        rng = np.random.default_rng(picture_seed)
        shape = tuple(round(side * rng.uniform(1 - JITTER, 1 + JITTER))
                      for side in size)
        image, mask = render_ksdd2(defect_type, picture_seed, shape)
        pictures = {f'{part}/{name}.png': image,
                    f'{part}/{name}_GT.png': mask}
        if name == FIRST_ID['train']:
            pictures[f'{part}/{name} (copy).png'] = image
            pictures[f'{part}/{name}_GT (copy).png'] = mask
        return pictures

    return write_set(root, list(counts), jobs, render, progress)


def _mix(num_defective: int, num_clean: int) -> list[tuple[bool, int]]:
    """Spread defective pictures evenly: (is defective, rank in its kind)."""
    total = num_defective + num_clean
    ranks, order = [0, 0], []
    for i in range(1, total + 1):
        defective = i * num_defective // total > ranks[True]
        order.append((defective, ranks[defective]))
        ranks[defective] += 1
    return order


def _check(seed: int, size: tuple[int, int], least: int = MIN_SIDE) -> None:
    check_at_least(0, seed=seed)
    if len(size) != 2 or min(size) < least:
        raise ValueError(f'size={tuple(size)}: must be (height, '
                         f'width) of {least} pixels or more each')
