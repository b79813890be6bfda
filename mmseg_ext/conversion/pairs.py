"""Find images, their masks and the split that they come in."""
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.foreign_masks import FOREIGN_SUFFIXES, describe_foreign
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import (
    check_names,
    describe_absent,
    describe_capitals,
    list_files,
    list_side_by_side,
    name_some,
    same_name,
)
from mmseg_ext.basics.mask_files import MASK_SUFFIXES
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.splits import SPLITS, check_ratios, read_split

from .class_rules import JSON
from .coco import CocoFile
from .drawings import open_annotations

# JPEG is read, and then most likely refused: it changes values.
ALL_MASKS = (*MASK_SUFFIXES, '.jpg', '.jpeg', JSON)
PLACE = '{split}'


@dataclass(frozen=True)
class Pair:
    """An image and its mask.

    Attributes:
        name: Neither split nor suffix are in it.
        split: 'train', 'val' or 'test'; '' if it is still to be made.
        image: File of the image.
        mask: File of the mask; a JSON file may be that of many images. None:
            there is none, as where nothing was drawn.
    """
    name: str
    split: str
    image: str
    mask: Optional[str]

    @property
    def is_drawn(self) -> bool:
        """Whether the mask is a JSON file."""
        return self.mask is not None and self.mask.lower().endswith(JSON)


def find_pairs(source: str | os.PathLike,
               images: str = 'images',
               masks: str = 'masks',
               mask_suffix: str = '',
               split_lists: Optional[str] = None,
               split: Optional[Sequence[float]] = None,
               unmasked: bool = False) -> tuple[list[Pair], list[str]]:
    """Pair images and masks of a folder and tell their split.

    The split is that of the folders, if ``images`` has '{split}' in it or
    every image lies in a folder train, val or test; else that of the lists;
    else it is left to :func:`~.convert.convert_masks`.

    Args:
        source: Folder that the other paths start from.
        images: Folder of the images, such as 'images' or '{split}'.
        masks: Folder of the masks, such as 'masks' or '{split}_annot', or a
            JSON file in COCO's format. JSON files may lie beside the images,
            and so may masks of other kinds if the images are JPEGs.
        mask_suffix: What a mask's name has after its image's, such as
            '_mask'.
        split_lists: Folder of train.txt, val.txt and test.txt, a name a
            line. Images in none of them are left out.
        split: Proportions of training and validation, or of training,
            validation and test; the split is made later.
        unmasked: Take images without a mask all the same.

    Returns:
        The pairs, by split and name, and notes about what is left out.

    Raises:
        FileNotFoundError: If there are no images, a mask is missing, or a
            list names images that are not there.
        ValueError: If names are ambiguous, or the split is.
    """
    home = Path(source)
    if split is not None:
        check_ratios(three_ratios(split))
    found, drawn = _list_both(home, images, masks, same_name(mask_suffix))
    if not found:
        raise FileNotFoundError(
            f'No images in {home / images}. Expected are '
            f'{", ".join(IMAGE_SUFFIXES)} files; say where they are with '
            f"--images, such as --images '{PLACE}/images' for the folders "
            'train/images and val/images.')
    check_names(found)
    places, notes = _places(home, images, found, split_lists, split)
    # masks may lie by split or all in one folder
    by_folder = any(stem != name for stem, (_, name) in places.items())
    flat = not {stem.split('/')[0] for stem in drawn} <= set(SPLITS)
    pairs, missing, keys = [], [], []
    for stem, (part, name) in places.items():
        key = (name if by_folder and flat else stem) + same_name(mask_suffix)
        keys.append(key)
        pairs.append(Pair(name, part, found[stem], drawn.pop(key, None)))
        if pairs[-1].mask is None:
            missing.append(len(pairs) - 1)
    if missing:
        faults, more = _look_into_coco(home, pairs, missing, drawn, masks)
        notes += more
        left = [pairs[i].image for i in missing if pairs[i].mask is None]
        if left and not unmasked:
            raise FileNotFoundError(_no_masks(
                home / masks, left, len(places), mask_suffix, faults,
                describe_capitals([keys[i] for i in missing], drawn)))
        if left:
            notes.append(counted(len(left), 'image has', 'images have')
                         + f' no mask: {name_some(left)}')
    if drawn and split_lists is None:
        notes.append(counted(len(drawn), 'mask has no image and is',
                             'masks have no image and are')
                     + f' left out: {name_some(sorted(drawn))}')
    pairs.sort(key=lambda pair: ((*SPLITS, '').index(pair.split), pair.name))
    return pairs, notes


def three_ratios(split: Sequence[float]) -> tuple[float, ...]:
    """Return proportions of training, validation and test."""
    return (*split, 0.0) if len(split) == 2 else tuple(split)


def _places(home: Path, images: str, found: dict[str, str],
            split_lists: Optional[str], split: Optional[Sequence[float]]
            ) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return image -> (split, name), and notes about what is left out."""
    if {stem.split('/')[0] for stem in found} <= set(SPLITS):
        if split or split_lists:
            raise ValueError(
                f'The images in {home} come in the folders '
                f'{", ".join(SPLITS)}: leave out --split and --split-lists, '
                'which would split them anew.')
        return {stem: tuple(stem.split('/', 1)) for stem in found}, []
    if split_lists is not None:
        places = _by_lists(home / split_lists, found)
        rest = sorted(set(found) - set(places))
        return places, [counted(len(rest), 'image is in no list and is',
                                'images are in no list and are')
                        + f' left out: {name_some(rest)}'] * bool(rest)
    if split is not None:
        return {stem: ('', stem) for stem in found}, []
    raise ValueError(
        f'{counted(len(found), "image")} in {home / images}, not split. Add '
        '--split 0.8 for 80 % training and 20 % validation, or '
        '--split-lists DIR with train.txt and val.txt.')


def _no_masks(place: Path, left: Sequence[str], total: int,
              mask_suffix: str, faults: Sequence[str], near: str) -> str:
    others = describe_foreign(
        list(list_files(str(place), FOREIGN_SUFFIXES).values())
        if place.is_dir() else [str(place)])
    advice = [
        f'{len(left)} of {total} images have no mask in {place}: '
        f'{name_some(left)}. A mask has its image\'s name'
        f'{f" and {mask_suffix}" if mask_suffix else ""}, and one of the '
        f'suffixes {", ".join(ALL_MASKS)}: see --masks and --mask-suffix.',
        *[near.strip()] * bool(near), *faults[:1], *[others] * bool(others),
        'Move unlabelled images elsewhere, or list the images to use '
        '(--split-lists). If an image without a mask is one where nothing '
        'was found, as labelme writes no file then: --no-mask CLASS.'
    ]
    return ' '.join(advice)


def _folders(home: Path, pattern: str) -> dict[str, Path]:
    """Return what comes before a name -> folder."""
    if PLACE in pattern:
        return {f'{split}/': home / pattern.replace(PLACE, split)
                for split in SPLITS}
    return {'': home / pattern}


def _list(home: Path, pattern: str,
          suffixes: tuple[str, ...]) -> dict[str, str]:
    return {
        prefix + stem: path
        for prefix, folder in _folders(home, pattern).items()
        for stem, path in list_files(str(folder), suffixes).items()
    }


def _list_both(home: Path, images: str, masks: str, mask_suffix: str
               ) -> tuple[dict[str, str], dict[str, str]]:
    """Return images and masks, name without suffix -> path."""
    if images == masks and not mask_suffix:
        drawn = _list(home, masks, (JSON, ))
        beside = {} if drawn else {
            prefix: list_side_by_side(str(folder), IMAGE_SUFFIXES,
                                      MASK_SUFFIXES)
            for prefix, folder in _folders(home, images).items()
            if folder.is_dir()
        }
        if not beside or None in beside.values():
            return _list(home, images, IMAGE_SUFFIXES), drawn
        return tuple({prefix + stem: path
                      for prefix, both in beside.items()
                      for stem, path in both[kind].items()}
                     for kind in (0, 1))
    found = _list(home, images, IMAGE_SUFFIXES)
    if images == masks:
        found = {stem: path for stem, path in found.items()
                 if not stem.endswith(mask_suffix)}
    drawn = {stem: path for stem, path in _list(
        home, masks, ALL_MASKS).items() if stem.endswith(mask_suffix)}
    return found, drawn


def _by_lists(folder: Path,
              found: dict[str, str]) -> dict[str, tuple[str, str]]:
    places, absent, where = {}, [], []
    if not folder.is_dir():
        raise FileNotFoundError(
            f'There is no folder {folder}: --split-lists names one within '
            'the folder of the data, or a whole path.')
    for part, names in read_split(folder, found, IMAGE_SUFFIXES).items():
        for name in names:
            if name not in found:
                absent.append(name)
                where.append(f'{name} ({part}.txt)')
            places[name] = (part, name)
    if absent:
        raise FileNotFoundError(
            f'{folder} lists {counted(len(absent), "image")} not there: '
            f'{name_some(where)}. '
            + describe_absent(absent, IMAGE_SUFFIXES, found))
    return places


def _look_into_coco(home: Path, pairs: list[Pair], missing: Sequence[int],
                    drawn: dict[str, str], masks: str
                    ) -> tuple[list[str], list[str]]:
    """Give images the masks that files of many images have for them.

    Args:
        home: Folder that paths start from.
        pairs: All of them; changed in place.
        missing: Numbers of those without a mask.
        drawn: Masks that belong to no image by name; files of many images
            are taken out.
        masks: Folder of the masks, or such a file.

    Returns:
        Why other JSON files are none of COCO's, and notes about images that
        the files have and the folder has not.
    """
    candidates = {stem: path for stem, path in drawn.items()
                  if path.lower().endswith(JSON)}
    candidates.update({prefix: str(path) for prefix, path in _folders(
        home, masks).items() if path.is_file()})
    files, faults = [], []
    for stem, path in candidates.items():
        try:
            content = open_annotations(path)
        except ValueError as error:
            faults.append(str(error))
            continue
        if isinstance(content, CocoFile):
            first = stem.split('/')[0]
            files.append((first if first in SPLITS else '', path, content))
            drawn.pop(stem, None)
    for number in missing:
        pair = pairs[number]
        # a file in the folder of a split is about the images there
        holders = [path for split, path, content in files
                   if split in ('', pair.split)
                   and content.find(pair.image) is not None]
        if len(holders) > 1:
            raise ValueError(
                f'{pair.image} is in {" and in ".join(holders)}: which mask '
                'is meant cannot be told. Name one file with --masks, or one '
                f'for each part, as in --masks annotations_{PLACE}.json.')
        if holders:
            pairs[number] = replace(pair, mask=holders[0])
    notes = []
    for _, path, content in files:
        used = {content.find(pair.image) for pair in pairs
                if pair.mask == path}
        if len(used) < len(content.images):
            notes.append(f'{len(content.images) - len(used)} of the '
                         f'{len(content.images)} images in {path} are not '
                         'there or not used')
    return faults, notes
