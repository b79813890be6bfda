"""Labelled images from a folder."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics import IMAGE_SUFFIXES, MASK_SUFFIXES, read_bytes
from mmseg_ext.basics.label_values import describe_fractions, foreign_labels
from mmseg_ext.basics.labelme_files import IGNORE
from mmseg_ext.basics.listing import (
    describe_capitals,
    list_files,
    name_some,
)
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.shapes import draw_shapes, label_of, read_shapes

from ..preparation import Preparation
from .bank import IGNORED
from .segmenter import BACKGROUND

JSON = '.json'
ENDINGS = ('', '_mask', '_GT')  # of a mask's name, behind the image's
LAYOUT = ('Expected are images in {0}/images with masks of the same names, '
          "or labelme's JSON files, in {0}/masks, and images without any "
          'defect, if there are some, in {0}/good')


@dataclass
class Supports:
    """What a folder of labelled images holds, as ``fit`` wants it.

    Attributes:
        images: Those with masks.
        masks: One for each.
        good: Images without masks.
        names: Files of the images and the good ones.
        classes: Names, the background first, where they are known; None:
            there is one kind of defect.
    """
    images: list[np.ndarray] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)
    good: list[np.ndarray] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    classes: Optional[list[str]] = None


def read_supports(root: Path,
                  classes: Optional[Sequence[str]] = None,
                  preparation: Optional[Preparation] = None) -> Supports:
    """Read labelled images.

    ::

        root
        |-- images   what is outlined
        |-- masks    <name>.png, <name>_mask.png or <name>_GT.png; or
        |            <name>.json of labelme, which may lie beside the image
        `-- good     images without any defect

    Masks hold 0 and 255, or 0 and 1; with ``classes`` class ids. The labels
    of labelme are the classes, 'background' the first; what is labelled
    'ignore' counts for nothing.

    Args:
        root: The folder.
        classes: Names of all classes, the background first.
        preparation: How files are read; None: as they are. Rows that are
            cut off images are cut off masks, too.

    Raises:
        FileNotFoundError: If there is no image, or a mask is missing.
        ValueError: If a file cannot be read, or a mask does not fit.
    """
    if not root.is_dir():
        raise FileNotFoundError(f'There is no folder {root}. '
                                f'{LAYOUT.format(root)}.')
    preparation = preparation or Preparation()
    images = list_files(str(root / 'images'), IMAGE_SUFFIXES)
    good = list_files(str(root / 'good'), IMAGE_SUFFIXES)
    if not images and not good:
        raise FileNotFoundError(f'There is no image in {root}/images and '
                                f'{root}/good. {LAYOUT.format(root)}.')
    found = Supports(classes=list(classes) if classes else None)
    paths = _pair(root, images)
    if classes is None:
        labels = {label for path in paths.values() if path.endswith(JSON)
                  for label in _labels(path)}
        labels -= {BACKGROUND, IGNORE}
        if labels:
            found.classes = [BACKGROUND, *sorted(labels)]
    for name, path in images.items():
        image, rows = _read(path, preparation)
        found.images.append(image)
        found.masks.append(_read_mask(
            paths[name], image.shape[:2], rows, found.classes,
            classes is not None))
    for path in good.values():
        found.good.append(_read(path, preparation)[0])
    found.names = [*images.values(), *good.values()]
    return found


def _pair(root: Path, images: dict[str, str]) -> dict[str, str]:
    """Return name -> path of the mask or the JSON file."""
    masks = list_files(str(root / 'masks'), (*MASK_SUFFIXES, JSON))
    beside = list_files(str(root / 'images'), (JSON, ))
    found = {}
    for name in images:
        there = [masks.pop(f'{name}{ending}') for ending in ENDINGS
                 if f'{name}{ending}' in masks]
        there += [beside[name]] if name in beside else []
        if len(there) > 1:
            raise ValueError(f'{images[name]} has {len(there)} masks, '
                             f'{" and ".join(there)}: leave one')
        if there:
            found[name] = there[0]
    missing = [path for name, path in images.items() if name not in found]
    if missing:
        raise FileNotFoundError(
            counted(len(missing), 'image has', 'images have')
            + f' no mask: {name_some(missing)}. '
            f'{describe_capitals([*images], [*masks])}'
            f'{LAYOUT.format(root)}.')
    if masks:
        raise ValueError(
            counted(len(masks), 'mask has', 'masks have') + ' no image: '
            f'{name_some([*masks.values()])}. {LAYOUT.format(root)}.')
    return found


def _read(path: str, preparation: Preparation) -> tuple[np.ndarray, int]:
    return preparation.read(Path(path), read_bytes(path))


def _labels(path: str) -> set[str]:
    try:
        return {label_of(shape) for shape in read_shapes(path).shapes}
    except ValueError as error:
        text = str(error)
        raise ValueError(text if path in text else f'{path}: {text}'
                         ) from error


def _read_mask(path: str, size: tuple[int, int], cropped: int,
               classes: Optional[Sequence[str]],
               is_coded: bool) -> np.ndarray:
    """Return a mask of the size of its image, (H, W) uint8."""
    whole = (size[0] + cropped, size[1])
    if path.endswith(JSON):
        mask = _draw(path, whole, classes)
    else:
        mask = decode_mask(path)
        if mask.ndim == 3:
            raise ValueError(f'{path} is in colour; a mask of one channel is '
                             'expected. tools/convert_masks.py converts it.')
        mask = _code(path, mask, classes if is_coded else None)
    if mask.shape not in (size, whole):
        raise ValueError(
            f'{path} has {mask.shape[0]} x {mask.shape[1]} pixels, its image '
            f'{whole[0]} x {whole[1]} (height x width): take the mask of '
            'this image, at its full size')
    return mask[:size[0]]


def _code(path: str, mask: np.ndarray,
          classes: Optional[Sequence[str]]) -> np.ndarray:
    """Return the class ids of a mask file's values."""
    if classes is not None:
        foreign = foreign_labels(mask, {*range(len(classes)), IGNORED})
        if foreign:
            raise ValueError(
                f'{path} holds values that are no class: '
                f'{describe_fractions(foreign)}; the classes are 0 to '
                f'{len(classes) - 1} ({", ".join(classes)})')
        return mask.astype(np.uint8)
    values = {*np.unique(mask).tolist()}
    if not (values <= {0, 255} or values <= {0, 1}):
        raise ValueError(
            f'{path} holds the values '
            f'{name_some([str(value) for value in sorted(values)])}; 0 and '
            '255 are expected, or class ids with --classes')
    return (mask > 0).astype(np.uint8)


def _draw(path: str, size: tuple[int, int],
          classes: Optional[Sequence[str]]) -> np.ndarray:
    """Return the class ids of what is drawn in labelme's file."""
    shapes, found, _ = read_shapes(path)
    if None not in found and tuple(found) != size:
        raise ValueError(
            f'{path} belongs to an image of {found[0]} x {found[1]} pixels, '
            f'its image has {size[0]} x {size[1]} (height x width)')
    values = {IGNORE: IGNORED, **{
        name: i for i, name in enumerate(classes or (BACKGROUND, ))}}
    try:
        return draw_shapes(shapes, size, values)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
