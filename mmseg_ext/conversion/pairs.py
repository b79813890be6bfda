"""Find images, their masks and the split that they come in."""
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Optional

from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import check_names, list_files, name_some
from mmseg_ext.basics.mask_files import MASK_SUFFIXES
from mmseg_ext.basics.splits import SPLITS, read_split, stratified_split

from .class_map import JSON

# JPEG is read, and then most likely refused: it changes values.
ALL_MASKS = (*MASK_SUFFIXES, '.jpg', '.jpeg', JSON)
PLACE = '{split}'


@dataclass(frozen=True)
class Pair:
    """An image and its mask; ``name`` has neither split nor suffix."""
    name: str
    split: str
    image: str
    mask: str


def find_pairs(source: str | os.PathLike,
               images: str = 'images',
               masks: str = 'masks',
               mask_suffix: str = '',
               split_lists: Optional[str] = None,
               split: Optional[Sequence[float]] = None,
               seed: int = 0) -> tuple[list[Pair], list[str]]:
    """Pair images and masks of a folder and tell their split.

    The split is that of the folders, if ``images`` has '{split}' in it or
    every image lies in a folder train, val or test; else that of the lists;
    else it is made.

    Args:
        source: Folder that the other paths start from.
        images: Folder of the images, such as 'images' or '{split}'.
        masks: Folder of the masks, such as 'masks' or '{split}_annot'. JSON
            files of labelme may lie beside the images.
        mask_suffix: What a mask's name has after its image's, such as
            '_mask'.
        split_lists: Folder of train.txt, val.txt and test.txt, a name a
            line. Images in none of them are left out.
        split: Proportions of training and validation, or of training,
            validation and test.
        seed: Seed of the split that is made.

    Returns:
        The pairs, by split and name, and notes about what is left out.

    Raises:
        FileNotFoundError: If there are no images, a mask is missing, or a
            list names images that are not there.
        ValueError: If names are ambiguous, or the split is.
    """
    home = Path(source)
    found = _list_images(home, images, masks, mask_suffix)
    if not found:
        raise FileNotFoundError(
            f'No images in {home / images}. Expected are '
            f'{", ".join(IMAGE_SUFFIXES)} files; say where they are with '
            f"--images, such as --images '{PLACE}/images' for the folders "
            'train/images and val/images.')
    check_names(found)
    by_folder = {stem.split('/')[0] for stem in found} <= set(SPLITS)
    if by_folder and (split or split_lists):
        raise ValueError(
            f'The images in {home} come in the folders {", ".join(SPLITS)}: '
            'leave out --split and --split-lists, which would split them '
            'anew.')
    notes = []
    if by_folder:
        places = {stem: stem.split('/', 1) for stem in found}
    elif split_lists is not None:
        places = _by_lists(home / split_lists, found)
        rest = sorted(set(found) - set(places))
        if rest:
            notes.append(f'{len(rest)} images are in no list and are left '
                         f'out: {name_some(rest)}')
    elif split is not None:
        places = _by_chance(found, split, seed)
    else:
        raise ValueError(
            f'The {len(found)} images in {home / images} are not split. Add '
            '--split 0.8 for 80 % training and 20 % validation, or '
            '--split-lists DIR with train.txt and val.txt.')
    drawn = _list_masks(home, images, masks, mask_suffix)
    # masks may lie by split or all in one folder
    flat = not {stem.split('/')[0] for stem in drawn} <= set(SPLITS)
    pairs, missing = [], []
    for stem, (part, name) in places.items():
        key = (name if by_folder and flat else stem) + mask_suffix
        if key in drawn:
            pairs.append(Pair(name, part, found[stem], drawn.pop(key)))
        else:
            missing.append(found[stem])
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(places)} images have no mask in '
            f'{home / masks}: {name_some(missing)}. A mask has its image\'s '
            f'name{" and " + mask_suffix if mask_suffix else ""}, and one '
            f'of the suffixes {", ".join(ALL_MASKS)}: see --masks and '
            '--mask-suffix. Move unlabelled images elsewhere, or list the '
            'images to use (--split-lists).')
    if drawn and split_lists is None:
        notes.append(f'{len(drawn)} masks have no image and are left out: '
                     f'{name_some(sorted(drawn))}')
    pairs.sort(key=lambda pair: (SPLITS.index(pair.split), pair.name))
    return pairs, notes


def _folders(home: Path, pattern: str) -> dict[str, Path]:
    """Return what comes before a name -> folder."""
    if PLACE in pattern:
        return {f'{split}/': home / pattern.replace(PLACE, split)
                for split in SPLITS}
    return {'': home / pattern}


def _list(home: Path, pattern: str,
          suffixes: tuple[str, ...]) -> dict[str, str]:
    return {
        (prefix + stem).replace(os.sep, '/'): path
        for prefix, folder in _folders(home, pattern).items()
        for stem, path in list_files(str(folder), suffixes).items()
    }


def _list_images(home: Path, images: str, masks: str,
                 mask_suffix: str) -> dict[str, str]:
    found = _list(home, images, IMAGE_SUFFIXES)
    if mask_suffix and images == masks:
        found = {stem: path for stem, path in found.items()
                 if not stem.endswith(mask_suffix)}
    return found


def _list_masks(home: Path, images: str, masks: str,
                mask_suffix: str) -> dict[str, str]:
    if images != masks or mask_suffix:
        return {stem: path for stem, path in _list(
            home, masks, ALL_MASKS).items() if stem.endswith(mask_suffix)}
    return _list(home, masks, (JSON, ))


def _by_lists(folder: Path,
              found: dict[str, str]) -> dict[str, tuple[str, str]]:
    places, absent = {}, []
    for part, names in read_split(folder).items():
        for name in names:
            path = PurePosixPath(name)
            stem = str(path.with_suffix('') if path.suffix.lower() in
                       IMAGE_SUFFIXES else path)
            if stem not in found:
                absent.append(f'{name} ({part}.txt)')
            places[stem] = (part, stem)
    if absent:
        raise FileNotFoundError(
            f'{folder} lists {len(absent)} images that are not there: '
            f'{name_some(absent)}')
    return places


def _by_chance(found: dict[str, str], split: Sequence[float],
               seed: int) -> dict[str, tuple[str, str]]:
    ratios = (*split, 0.0) if len(split) == 2 else tuple(split)
    parts = stratified_split(dict.fromkeys(found, ''), ratios, seed)
    return {stem: (part, stem) for part, names in parts.items()
            for stem in names}
