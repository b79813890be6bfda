"""Write a folder of images and odd masks as SEMDataset reads them."""
import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import cv2
import numpy as np

from mmseg_ext.basics import name_fault, write_atomically
from mmseg_ext.basics.files import is_of_disk
from mmseg_ext.basics.image_files import decode_file, read_image
from mmseg_ext.basics.information_band import LARGEST, find_information_band
from mmseg_ext.basics.splits import SPLITS
from mmseg_ext.basics.staging import staged
from mmseg_ext.version import __version__

from .class_map import IGNORE, IGNORE_INDEX, JSON, ClassMap
from .pairs import Pair

RECORD = 'conversion.json'
AUTO = 'auto'
MAX_FAULTS = 20  # named in an error

Crop = Union[int, str, None]


def convert_masks(out: str | os.PathLike,
                  pairs: Sequence[Pair],
                  class_map: ClassMap,
                  crop_bottom: Crop = None,
                  progress: Optional[Callable[[int, int], None]] = None,
                  settings: Optional[dict] = None) -> dict:
    """Write ``images|masks/SPLIT/NAME`` and a record of what was done.

    Masks become PNGs of class ids, 255 where there is no label. Images are
    copied byte for byte, those that are cropped become PNGs of the same
    bits. All pairs are converted or, if one cannot be, nothing is written.

    Args:
        out: Folder to write to; made if it is missing.
        pairs: What :func:`find_pairs` found.
        class_map: What the masks mean.
        crop_bottom: Rows that the information band takes; 'auto': what a
            mask is shorter than its image, else what
            :func:`find_information_band` finds; None: nothing is cropped.
        progress: Called with (pairs done, pairs in all) after each pair.
        settings: Kept in the record, such as where the data came from.

    Returns:
        The record, as in conversion.json.

    Raises:
        BlockingIOError: If another process writes to ``out``.
        FileExistsError: If ``out`` holds a part of a set already.
        ValueError: If a pair cannot be converted; the message names all.
    """
    tally = _Tally()
    faults = [f'{pair.image}: {name_fault(pair.name)}' for pair in pairs
              if name_fault(pair.name)]
    with staged(out, ['images', 'masks', RECORD]) as folder:
        for done, pair in enumerate(pairs, 1):
            try:
                result = _convert(pair, class_map, crop_bottom)
                if not faults:  # what comes after one is only checked
                    _write_pair(folder, pair, result)
                    tally.add(pair, result)
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and is_of_disk(error):
                    raise
                faults.append(_name_pair(pair, error))
            except (MemoryError, cv2.error) as error:
                faults.append(f'{pair.image} or its mask {pair.mask} is too '
                              f'large for the memory: {error}')
            if progress is not None:
                progress(done, len(pairs))
        if faults:
            raise ValueError(_refusal(faults, len(pairs)))
        record = dict(
            mmseg_ext=__version__,
            settings=settings or {},
            **tally.record(class_map))
        text = json.dumps(record, indent=2, ensure_ascii=False)
        write_atomically(folder / RECORD, text + '\n')
    return record


@dataclass
class _Converted:
    """What becomes of a pair.

    Attributes:
        ids: (H, W) uint8.
        image: As in its file, if it is cropped; None: to be copied.
        rows: Cropped off the image.
        guessed: Fraction of the mask's pixels, 0 to 1.
        banded: Whether an information band is left on the image.
    """
    ids: np.ndarray
    image: Optional[np.ndarray]
    rows: int
    guessed: float
    banded: bool


class _Tally:
    """What a conversion's record counts."""

    def __init__(self) -> None:
        self.pixels = defaultdict(Counter)  # split -> class id -> pixels
        self.images, self.rows = Counter(), Counter()
        self.guessed, self.banded = {}, []

    def add(self, pair: Pair, result: _Converted) -> None:
        counts = np.bincount(result.ids.ravel(), minlength=IGNORE_INDEX + 1)
        self.pixels[pair.split].update(dict(enumerate(counts.tolist())))
        self.images[pair.split] += 1
        self.rows[result.rows] += 1
        name = f'{pair.split}/{pair.name}'
        if result.guessed:
            self.guessed[name] = result.guessed
        if result.banded:
            self.banded.append(name)

    def record(self, class_map: ClassMap) -> dict:
        names = dict(enumerate(class_map.classes))
        names[IGNORE_INDEX] = IGNORE
        return dict(
            classes=list(class_map.classes),
            mapping={key: names[i] for key, i in class_map.keys.items()},
            images={split: self.images[split] for split in SPLITS},
            pixels={
                split: {name: self.pixels[split][i]
                        for i, name in names.items()}
                for split in SPLITS if split in self.pixels
            },
            images_by_rows_cropped={
                str(rows): self.rows[rows] for rows in sorted(self.rows)},
            images_with_information_band=self.banded,
            guessed_share_of_pixels=self.guessed)


def _convert(pair: Pair, class_map: ClassMap, crop: Crop) -> _Converted:
    # refuses what SEMDataset would; the bit depth is the config's affair
    shown = read_image(pair.image, bit_depth=16)
    image = decode_file(pair.image)
    drawn = pair.mask.lower().endswith(JSON)
    mask = (class_map.draw(pair.mask, image.shape[:2]) if drawn else
            class_map.read(pair.mask))
    image_rows, mask_rows = _rows_to_cut(pair, shown, mask, crop)
    mask = mask[:len(mask) - mask_rows]
    image = image[:len(image) - image_rows]
    ids, guessed = (mask, 0.0) if drawn else class_map.to_ids(
        pair.mask, mask, image)
    return _Converted(
        ids, image if image_rows else None, image_rows, guessed,
        not image_rows and find_information_band(shown) > 0)


def _rows_to_cut(pair: Pair, image: np.ndarray, mask: np.ndarray,
                 crop: Crop) -> tuple[int, int]:
    """Return how many rows to cut off the image and off the mask."""
    height, width = image.shape[:2]
    missing = height - mask.shape[0]
    sizes = (f'{pair.image} has {width} x {height} pixels (width x height), '
             f'its mask {pair.mask} {mask.shape[1]} x {mask.shape[0]}')
    if mask.shape[1] != width or missing < 0:
        raise ValueError(f'{sizes}. Replace the one that is wrong.')
    if missing > LARGEST * height:
        raise ValueError(f'{sizes}: more than an information band. Replace '
                         'the one that is wrong.')
    if missing and crop is None:
        raise ValueError(f'{sizes}. If the image has an information band of '
                         f'{missing} rows that the mask does not cover, add '
                         '--crop-bottom auto.')
    if crop == AUTO:
        band = missing or find_information_band(image)
        return band, band - missing
    rows = crop or 0
    if missing not in (0, rows):
        raise ValueError(f'{sizes}, {missing} rows less; --crop-bottom '
                         f'{rows} cuts {rows}. Use --crop-bottom auto.')
    if rows >= height:
        raise ValueError(f'{pair.image} has {height} rows; --crop-bottom '
                         f'{rows} leaves nothing.')
    return rows, rows - missing


def _write_pair(folder: Path, pair: Pair, result: _Converted) -> None:
    suffix = Path(pair.image).suffix if result.image is None else '.png'
    image = folder / 'images' / pair.split / f'{pair.name}{suffix}'
    mask = folder / 'masks' / pair.split / f'{pair.name}.png'
    for path in (image, mask):
        path.parent.mkdir(parents=True, exist_ok=True)
    _write_png(mask, result.ids)
    if result.image is None:
        shutil.copyfile(pair.image, image)
    else:
        _write_png(image, result.image)


def _write_png(path: Path, pixels: np.ndarray) -> None:
    # cv2.imwrite cannot open paths beyond the code page on Windows.
    path.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())


def _name_pair(pair: Pair, error: Exception) -> str:
    """Return what an error says, with the pair's files if it names none."""
    text = str(error)
    if pair.image in text or pair.mask in text:
        return text
    return f'{pair.image} and its mask {pair.mask}: {text}'


def _refusal(faults: list[str], total: int) -> str:
    rest = len(faults) - MAX_FAULTS
    more = [f'... and {rest} more'] if rest > 0 else []
    return '\n'.join([
        f'{len(faults)} of {total} pairs cannot be converted. Nothing was '
        'written.', *faults[:MAX_FAULTS], *more])
