"""Synthetic inspection pictures in the layout of MVTec AD.

An object, ``hex_nut`` in colour, and a texture, ``wire_mesh`` in grey. What
a defect looks like on one place, the light, the noise or the surface itself
look like on another, so that grey levels alone do not give it away.
"""
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics.arguments import check_at_least, check_choice

from . import _hex_nut, _wire_mesh
from ._rendering import photograph
from ._staging import child_seed, write_set

MVTEC_DEFECTS = dict(hex_nut=_hex_nut.DEFECTS, wire_mesh=_wire_mesh.DEFECTS)
PAINTERS = dict(
    hex_nut=_hex_nut.paint_hex_nut, wire_mesh=_wire_mesh.paint_wire_mesh)
MIN_SIDE = 64


def render_mvtec(category: str,
                 defect_type: str,
                 seed: int,
                 size: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Render one picture and its mask, the same for the same arguments.

    Pictures of one category, seed and size show the same scene with the
    same noise, whatever their defect, and differ where the masks say so.

    Args:
        category: A key of ``MVTEC_DEFECTS``.
        defect_type: 'good' or a defect of the category.
        seed: Seed of the picture, 0 or more.
        size: Height and width in pixels, 64 or more.

    Returns:
        Picture, uint8, (S, S, 3) RGB of 'hex_nut' or (S, S) grey levels of
        'wire_mesh', and mask of shape (S, S), uint8, 255 on the pixels that
        the defect changed visibly and 0 elsewhere.

    Raises:
        ValueError: If an argument is out of its range.
    """
    check_choice('category', category, MVTEC_DEFECTS)
    check_choice('defect_type', defect_type,
                 ('good', *MVTEC_DEFECTS[category]))
    _check(seed, size)
    scene, flaw, sensor = (
        np.random.default_rng(child)
        for child in np.random.SeedSequence(seed).spawn(3))
    clean, broken = PAINTERS[category](scene, flaw, defect_type, size)
    return photograph(sensor, clean, broken)


def write_mvtec_sample(
        root: str | os.PathLike,
        num_good: int = 20,
        num_defective: int = 15,
        size: int = 256,
        seed: int = 0,
        progress: Optional[Callable[[int, int], None]] = None) -> Path:
    """Write two categories with two types of defect each to ``root``.

    ::

        CATEGORY/train/good/NNN.png               num_good
        CATEGORY/test/good/NNN.png                half as many, rounded up
        CATEGORY/test/DEFECT/NNN.png              num_defective of each
        CATEGORY/ground_truth/DEFECT/NNN_mask.png

    NNN starts at 000 in every folder. A picture depends on ``seed``, its
    folder, NNN and ``size`` only, not on the counts. A run that is
    interrupted while it renders leaves ``root`` empty. The default set has
    two pictures or more of each type in every part of a 6:2:2 split.

    Args:
        root: Directory to write to; made if it is missing.
        num_good: Good training pictures of a category, 0 or more.
        num_defective: Pictures of each type of defect, 0 or more.
        size: Height and width of the pictures in pixels, 64 or more.
        seed: Seed of the data set, 0 or more.
        progress: Called with (pictures done, pictures in all) after each
            picture.

    Returns:
        ``root`` as a path.

    Raises:
        FileExistsError: If ``root`` already holds one of the categories.
        ValueError: If an argument is out of its range.
    """
    check_at_least(0, num_good=num_good, num_defective=num_defective)
    _check(seed, size)
    folders, jobs = [], []
    for category, defects in MVTEC_DEFECTS.items():
        counts = {'train/good': num_good, 'test/good': (num_good + 1) // 2}
        counts |= {f'test/{defect}': num_defective for defect in defects}
        folders += [f'{category}/{folder}' for folder in counts]
        folders += [f'{category}/ground_truth/{defect}' for defect in defects]
        jobs += [(category, folder, k) for folder, count in counts.items()
                 for k in range(count)]

    def render(job: tuple[str, str, int]) -> dict[str, np.ndarray]:
        category, folder, k = job
        defect_type = folder.split('/')[1]
        # The folder's name, not its rank: new ones must not shift others.
        place = zlib.crc32(f'{category}/{folder}'.encode())
        picture_seed = child_seed(seed, place, k)
        image, mask = render_mvtec(category, defect_type, picture_seed, size)
        pictures = {f'{category}/{folder}/{k:03d}.png': image}
        if defect_type != 'good':
            folder = f'{category}/ground_truth/{defect_type}'
            pictures[f'{folder}/{k:03d}_mask.png'] = mask
        return pictures

    return write_set(root, folders, jobs, render, progress)


def _check(seed: int, size: int) -> None:
    check_at_least(0, seed=seed)
    if not isinstance(size, int) or size < MIN_SIDE:
        raise ValueError(f'size={size!r}: must be one number of '
                         f'pixels, {MIN_SIDE} or more')
