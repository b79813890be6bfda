"""Write a folder of images and odd masks as SEMDataset reads them."""
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import cv2
import numpy as np

from mmseg_ext.basics import name_fault, read_bytes, write_atomically
from mmseg_ext.basics.deal import Deal, deal_images
from mmseg_ext.basics.duplicates import Fingerprint, take_fingerprint
from mmseg_ext.basics.files import is_of_disk
from mmseg_ext.basics.image_files import decode_image, open_image, to_8_bit
from mmseg_ext.basics.information_band import LARGEST, find_information_band
from mmseg_ext.basics.png_files import write_png
from mmseg_ext.basics.splits import SPLITS
from mmseg_ext.basics.staging import staged
from mmseg_ext.version import __version__

from .class_map import ClassMap
from .class_rules import IGNORE, IGNORE_INDEX
from .label_map import LabelMap
from .pairs import Pair, three_ratios

RECORD = 'conversion.json'
AUTO = 'auto'
MAX_FAULTS = 20  # named in an error
UNDEALT = 'undealt'  # folder of what has no split yet

Crop = Union[int, str, None]
Rules = Union[ClassMap, LabelMap]


def read_rules(pairs: Sequence[Pair], rules: Sequence[str],
               classes: Sequence[str] = (), nearest: bool = False) -> Rules:
    """Return rules of the kind that the masks need.

    Args:
        pairs: What :func:`find_pairs` found.
        rules: 'CLASS=WHAT', see :class:`ClassMap` for images and
            :class:`LabelMap` for JSON files.
        classes: See there.
        nearest: See :class:`ClassMap`.

    Raises:
        ValueError: If the rules contradict each other, or some masks are
            JSON files and some are images.
    """
    if check_kind(pairs):
        return LabelMap(rules, classes)
    return ClassMap(rules, classes, nearest)


def check_kind(pairs: Sequence[Pair]) -> bool:
    """Return whether masks are JSON files.

    Raises:
        ValueError: If some are, and the others are images.
    """
    drawn = [pair.is_drawn for pair in pairs if pair.mask is not None]
    if any(drawn) and not all(drawn):
        raise ValueError(
            f'{sum(drawn)} of {len(drawn)} masks are JSON files and the '
            'others images. Convert them one kind at a time.')
    return any(drawn)


def convert_masks(out: str | os.PathLike,
                  pairs: Sequence[Pair],
                  class_map: Rules,
                  crop_bottom: Crop = None,
                  progress: Optional[Callable[[int, int], None]] = None,
                  settings: Optional[dict] = None,
                  split: Optional[Sequence[float]] = None,
                  seed: int = 0,
                  unmasked: Optional[str] = None) -> dict:
    """Write ``images|masks/SPLIT/NAME`` and a record of what was done.

    Masks become PNGs of class ids, 255 where there is no label. Images are
    copied byte for byte; those that are cropped, or that their files show
    turned or with white as zero, become PNGs of the same bits. All pairs
    are converted or, if one cannot be, nothing is written.

    Args:
        out: Folder to write to; made if it is missing.
        pairs: What :func:`find_pairs` found.
        class_map: What the masks mean.
        crop_bottom: Rows that the information band takes; 'auto': what a
            mask is shorter than its image, else what
            :func:`find_information_band` finds; None: nothing is cropped.
        progress: Called with (pairs done, pairs in all) after each pair.
        settings: Kept in the record, such as where the data came from.
        split: Proportions of training, validation and test, by which
            :func:`~mmseg_ext.basics.deal.deal_images` deals out pairs that
            have no split.
        seed: Its seed.
        unmasked: Class of all pixels of images without a mask.

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
    empty = None if unmasked is None else class_map.id_of(unmasked)
    dealt = any(not pair.split for pair in pairs)
    with staged(out, ['images', 'masks', RECORD]) as folder:
        for done, pair in enumerate(pairs, 1):
            try:
                result = _convert(pair, class_map, crop_bottom, empty, dealt)
                if not faults:  # what comes after one is only checked
                    tally.add(pair, result, _write_pair(
                        folder, pair, result))
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
        deal = _deal(folder, tally, split, seed) if dealt else None
        record = dict(
            mmseg_ext=__version__,
            settings=settings or {},
            **tally.record(class_map, deal))
        text = json.dumps(record, indent=2, ensure_ascii=False)
        write_atomically(folder / RECORD, text + '\n')
    return record


@dataclass
class _Converted:
    """What becomes of a pair.

    Attributes:
        ids: (H, W) uint8.
        image: Pixels as they are shown, if it is cropped or its file shows
            it otherwise than it is stored; else what the file holds.
        rows: Cropped off the image.
        guessed: Fraction of the mask's pixels, 0 to 1.
        banded: Whether an information band is left on the image.
        print: Of the image as it is written, if that is asked for.
    """
    ids: np.ndarray
    image: np.ndarray | bytes
    rows: int
    guessed: float
    banded: bool
    print: Optional[Fingerprint]


@dataclass
class _Written:
    """What is kept of a pair.

    Attributes:
        pair: The pair.
        files: What was written, of the image and of the mask.
        counts: (256, ) pixels of each class id.
        rows, guessed, banded, print: See :class:`_Converted`.
        split: Where it belongs.
    """
    pair: Pair
    files: tuple[Path, Path]
    counts: np.ndarray
    rows: int
    guessed: float
    banded: bool
    print: Optional[Fingerprint]
    split: str


class _Tally:
    """What a conversion's record counts."""

    def __init__(self) -> None:
        self.written: list[_Written] = []

    def add(self, pair: Pair, result: _Converted,
            files: tuple[Path, Path]) -> None:
        self.written.append(_Written(
            pair, files,
            np.bincount(result.ids.ravel(), minlength=IGNORE_INDEX + 1),
            result.rows, result.guessed, result.banded, result.print,
            pair.split))

    def record(self, class_map: Rules, deal: Optional[Deal]) -> dict:
        names = dict(enumerate(class_map.classes))
        names[IGNORE_INDEX] = IGNORE
        parts = {split: [one for one in self.written if one.split == split]
                 for split in SPLITS}
        pixels = {
            split: dict(zip(names.values(), sum(
                one.counts for one in part)[list(names)].tolist()))
            for split, part in parts.items() if part
        }
        rows = Counter(one.rows for one in self.written)
        return dict(
            classes=list(class_map.classes),
            mapping={key: names[i] for key, i in class_map.keys.items()},
            images={split: len(part) for split, part in parts.items()},
            pixels=pixels,
            images_with_class={
                split: {name: sum(bool(one.counts[i]) for one in part)
                        for i, name in enumerate(class_map.classes)}
                for split, part in parts.items() if part},
            classes_without_a_pixel={
                split: [name for name in class_map.classes if not held[name]]
                for split, held in pixels.items()},
            near_duplicates=[] if deal is None else [
                [self.written[i].pair.name for i in group]
                for group in deal.alike],
            images_by_rows_cropped={
                str(count): rows[count] for count in sorted(rows)},
            images_with_information_band=[
                self._name(one) for one in self.written if one.banded],
            guessed_share_of_pixels={
                self._name(one): one.guessed for one in self.written
                if one.guessed})

    @staticmethod
    def _name(one: _Written) -> str:
        return f'{one.split}/{one.pair.name}'


def _deal(folder: Path, tally: _Tally, split: Optional[Sequence[float]],
          seed: int) -> Deal:
    """Move what was written to the parts that it is dealt to."""
    if split is None:
        raise ValueError('The pairs have no split, and no proportions are '
                         'given to make one: split=(6, 2, 2).')
    written = tally.written
    deal = deal_images(
        [one.pair.name for one in written],
        np.array([one.counts[:IGNORE_INDEX] > 0 for one in written]),
        [one.print for one in written], three_ratios(split), seed)
    for one, part in zip(written, deal.parts):
        one.split = part
        for file in one.files:
            kind, _, *rest = file.relative_to(folder).parts
            target = folder.joinpath(kind, part, *rest)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    for kind in ('images', 'masks'):
        shutil.rmtree(folder / kind / UNDEALT)  # empty folders
    written.sort(key=lambda one: (SPLITS.index(one.split), one.pair.name))
    return deal


def _convert(pair: Pair, class_map: Rules, crop: Crop,
             empty: Optional[int], dealt: bool) -> _Converted:
    content = read_bytes(pair.image)
    image = decode_image(content, pair.image)
    # refuses what SEMDataset would; the bit depth is the config's affair
    shown = to_8_bit(image, pair.image, bit_depth=16)
    if pair.mask is None:
        mask = np.full(image.shape[:2], _class_of_all(pair, empty), np.uint8)
    elif pair.is_drawn:
        mask = class_map.draw(pair.mask, image.shape[:2], pair.image)
    else:
        mask = class_map.read(pair.mask)
    image_rows, mask_rows = _rows_to_cut(pair, shown, mask, crop)
    mask = mask[:len(mask) - mask_rows]
    image = image[:len(image) - image_rows]
    ids, guessed = mask, 0.0
    if pair.mask is not None and not pair.is_drawn:
        ids, guessed = class_map.to_ids(pair.mask, mask, image)
    facts = open_image(content, pair.image).facts
    written = image_rows or facts.orientation != 1 or facts.white_is_zero
    return _Converted(
        ids, image if written else content, image_rows, guessed,
        not image_rows and find_information_band(shown) > 0,
        take_fingerprint(shown[:len(image)]) if dealt else None)


def _class_of_all(pair: Pair, empty: Optional[int]) -> int:
    if empty is None:
        raise ValueError(f'{pair.image} has no mask, and no class is named '
                         'for such images.')
    return empty


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


def _write_pair(folder: Path, pair: Pair,
                result: _Converted) -> tuple[Path, Path]:
    copied = isinstance(result.image, bytes)
    suffix = Path(pair.image).suffix if copied else '.png'
    place = pair.split or UNDEALT
    image = folder / 'images' / place / f'{pair.name}{suffix}'
    mask = folder / 'masks' / place / f'{pair.name}.png'
    for path in (image, mask):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_png(mask, result.ids)
    if copied:
        image.write_bytes(result.image)
    else:
        write_png(image, result.image)
    return image, mask


def _name_pair(pair: Pair, error: Exception) -> str:
    """Return what an error says, with the pair's files if it names none."""
    text = str(error)
    if pair.image in text or (pair.mask is not None and pair.mask in text):
        return text
    files = (pair.image if pair.mask is None else
             f'{pair.image} and its mask {pair.mask}')
    return f'{files}: {text}'


def _refusal(faults: list[str], total: int) -> str:
    rest = len(faults) - MAX_FAULTS
    more = [f'... and {rest} more'] if rest > 0 else []
    return '\n'.join([
        f'{len(faults)} of {total} pairs cannot be converted. Nothing was '
        'written.', *faults[:MAX_FAULTS], *more])
