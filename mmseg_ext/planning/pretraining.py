"""The pretraining of an encoder that has no weights of its own."""
import os.path as osp
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.listing import check_names
from mmseg_ext.basics.printable import counted

from .choices import Choice
from .models import PACKAGE, TEACHER, Start

UNLABELED = 'pretraining.txt'  # lists the images


def choose_pretraining(start: Start, images: Sequence[str],
                       test: bool) -> list[Choice]:
    """Return the choice of it, none if there is none.

    Args:
        start: The model, and the weights it starts from.
        images: Paths.
        test: Whether there is a test part.
    """
    if not start.minutes:
        return []
    but = ', none of the test part' if test else ''
    return [Choice(
        'pretraining', f'{start.minutes:g} minutes', 'without weights '
        f'of its own, the encoder learns the maps of {PACKAGE}{TEACHER} '
        f'first, on {counted(len(images), "image")} with a mask or '
        f'without{but}')]


def pretraining_options(start: Start, images: Sequence[str], out: Path,
                        seed: int, reading: Mapping) -> Optional[dict]:
    """Return the options of tools/pretrain.py, with whole paths.

    Args:
        start: The model, and the weights it starts from.
        images: Paths.
        out: Folder of the plan.
        seed: Of the pretraining.
        reading: How the images are read where that is not as usual, see
            SEMDataset.

    Returns:
        None if there is no pretraining.

    Raises:
        ValueError: If a path cannot stand in a list.
    """
    if not start.minutes:
        return None
    check_names({image: image for image in images})
    options = dict(images=osp.abspath(out / UNLABELED),
                   out=osp.abspath(out / f'{start.name}.pth'),
                   teacher=f'{PACKAGE}{TEACHER}',
                   minutes=start.minutes, seed=seed)
    if 'info_band' in reading:  # no mask tells how high it is
        options['crop_bottom'] = 'auto'
    if 'bit_depth' in reading:
        options['bit_depth'] = reading['bit_depth']
    return options
