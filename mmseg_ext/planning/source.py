"""What lies in a folder: which layout, which images, which masks."""
import json
import os
import os.path as osp
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.colours import mapped_colours
from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import (
    list_files,
    list_folders,
    name_some,
    read_list,
)
from mmseg_ext.basics.mask_files import MASK_SUFFIXES
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.splits import SPLITS

# Names of folders as people and programs give them.
IMAGES = ('images', 'image', 'imgs', 'img', 'micrographs', 'originals', 'raw',
          'JPEGImages')
MASKS = ('masks', 'mask', 'labels', 'label', 'annotations', 'gt',
         'ground_truth', 'segmentation', 'segmentations', 'SegmentationClass')
PARTS = dict(train=('train', 'training'),
             val=('val', 'valid', 'validation'),
             test=('test', 'testing'))


@dataclass(frozen=True)
class Pair:
    """An image and its mask.

    Attributes:
        name: As it stands in a list.
        image: Path of the image.
        mask: Path of the mask; None: the image has no pixel of a defect.
        part: 'train', 'val' or 'test' by folder or list; '': not dealt out.
    """
    name: str
    image: str
    mask: Optional[str]
    part: str = ''


@dataclass(frozen=True)
class Source:
    """A set of images with masks, as it lies on the disk.

    Attributes:
        kind: 'micrographs', 'mvtec_ad' or 'ksdd2'.
        root: Its folder.
        pairs: All images that have what is needed.
        classes: Names of the classes by id; None: nothing tells them.
        named_by: What tells them.
        prefixes: Of micrographs: 'train', 'val', 'test' or '' (all of them)
            -> folder of the images and folder of the masks, in ``root``.
        lists: Of micrographs: part -> its list, a path in ``root``.
        without_mask: Paths of images that have none and are left out.
        unlisted: Names of images that are in none of the lists.
        options: Further arguments of the data set, such as ``categories``.
    """
    kind: str
    root: str
    pairs: list[Pair]
    classes: Optional[tuple[str, ...]] = None
    named_by: str = ''
    prefixes: dict[str, tuple[str, str]] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    without_mask: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    options: dict = field(default_factory=dict)


def find_source(root: str,
                images: Optional[str] = None,
                masks: Optional[str] = None,
                classes: Optional[Sequence[str]] = None) -> Source:
    """Find out how a folder's images and masks are laid out.

    Args:
        root: The folder.
        images: Folder of the images in it; None: found by its name.
        masks: Folder of the masks in it; None: found by its name.
        classes: Names of the classes by id; None: those of
            ``conversion.json``, if there is one.

    Raises:
        FileNotFoundError: If there is no such folder, or nothing in it that
            is known.
        ValueError: If images have no masks of their names.
    """
    if not osp.isdir(root):
        near = list_folders(osp.dirname(osp.abspath(root)))
        raise FileNotFoundError(
            f'There is no folder {root}. Beside it are: '
            f'{name_some(near) or "none"}')
    folders = list_folders(root)
    if images is None and masks is None:
        surfaces = _find_surfaces(root, folders)
        if surfaces:
            return surfaces
    prefixes = _find_prefixes(root, folders, images, masks)
    if not prefixes:
        raise FileNotFoundError(
            f'{root} holds {name_some(folders) or "no folders"}, and none of '
            'the layouts that are known: images/ and masks/ with files of '
            'the same names, each with or without train/, val/ and test/ in '
            'it; that of MVTec AD; that of KolektorSDD2. Name the folders '
            'with --images and --masks, or make them of what you have: '
            f'{command_for("convert_masks")} {quote_command([root])} OUT')
    named_by = '--classes' if classes else ''
    if not classes:
        classes = _converted_classes(Path(root))
        named_by = 'conversion.json' if classes else ''
    pairs, without = _pair(root, prefixes)
    lists, everything = {}, pairs
    if set(prefixes) == {''}:
        pairs, lists = _deal_by_lists(root, pairs)
    listed = {pair.name for pair in pairs}
    if not pairs:
        raise FileNotFoundError(_no_pairs(root, prefixes, without))
    return Source('micrographs', root, pairs,
                  tuple(classes) if classes else None, named_by, prefixes,
                  lists, without,
                  [pair.name for pair in everything
                   if pair.name not in listed])


def _find_surfaces(root: str, folders: Sequence[str]) -> Optional[Source]:
    """Recognize the two published layouts of defects on surfaces."""
    if {'train', 'ground_truth'} <= set(folders):  # one category of MVTec AD
        home = osp.abspath(root)
        return Source('mvtec_ad', osp.dirname(home), [],
                      options=dict(categories=[osp.basename(home)]))
    if any(osp.isdir(osp.join(root, name, 'train', 'good'))
           for name in folders):
        return Source('mvtec_ad', root, [])
    if 'train' in folders and any(
            stem.endswith('_GT') for stem in list_files(
                osp.join(root, 'train'), MASK_SUFFIXES)):
        return Source('ksdd2', root, [])
    return None


def _find_prefixes(root: str, folders: Sequence[str], images: Optional[str],
                   masks: Optional[str]) -> dict[str, tuple[str, str]]:
    """Return part ('': all) -> folders of its images and of its masks."""
    images = images or _named(folders, IMAGES)
    masks = masks or _named(folders, MASKS)
    if images and masks:
        for given in (images, masks):
            if not osp.isdir(osp.join(root, given)):
                raise FileNotFoundError(
                    f'There is no folder {given} in {root}, which holds '
                    f'{name_some(folders) or "none"}')
        inner = list_folders(osp.join(root, images))
        parts = {part: (f'{images}/{name}', f'{masks}/{name}')
                 for part, names in PARTS.items()
                 if (name := _named(inner, names))}
        return parts if 'train' in parts else {'': (images, masks)}
    found = {}
    for part, names in PARTS.items():  # train/images, train/masks
        folder = _named(folders, names)
        inner = list_folders(osp.join(root, folder)) if folder else []
        pair = _named(inner, IMAGES), _named(inner, MASKS)
        if all(pair):
            found[part] = tuple(f'{folder}/{name}' for name in pair)
    return found if 'train' in found else {}


def _named(folders: Sequence[str], names: Sequence[str]) -> Optional[str]:
    spelt = {folder.lower(): folder for folder in reversed(folders)}
    return next((spelt[name.lower()] for name in names
                 if name.lower() in spelt), None)


def _converted_classes(root: Path) -> Optional[list[str]]:
    """Return the classes that convert_masks wrote beside the images."""
    path = root / 'conversion.json'
    if not path.is_file():
        return None
    try:
        classes = json.loads(path.read_text(encoding='utf-8'))['classes']
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f'{path} is not as convert_masks writes it '
                         f'({error}): name the classes with --classes, or '
                         'remove the file') from error
    return [str(name) for name in classes]


def converted_colours(root: str, classes: Sequence[str]
                      ) -> dict[int, list[int]]:
    """Return class id -> the colour that masks had before convert_masks.

    Args:
        root: Folder of the set.
        classes: Names of the classes by id.

    Returns:
        Of the classes that had one colour, and that alone.
    """
    try:
        text = Path(root, 'conversion.json').read_text(encoding='utf-8')
        mapping = dict(json.loads(text).get('mapping') or {})
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # whoever needs its classes has complained
    return mapped_colours(mapping, classes)


def _pair(root: str, prefixes: dict[str, tuple[str, str]]
          ) -> tuple[list[Pair], list[str]]:
    """Return the pairs of all parts, and the images without a mask."""
    pairs, without = [], []
    for part, (images, masks) in prefixes.items():
        found = list_files(osp.join(root, images), IMAGE_SUFFIXES)
        there = list_files(osp.join(root, masks), MASK_SUFFIXES)
        for stem, path in found.items():
            if stem in there:
                pairs.append(Pair(stem, path, there[stem], part))
            else:
                without.append(path)
    return pairs, without


def _deal_by_lists(root: str, pairs: list[Pair]
                   ) -> tuple[list[Pair], dict[str, str]]:
    """Take the parts from train.txt, val.txt and test.txt, if there are."""
    known = {pair.name: pair for pair in pairs}
    dealt, lists = [], {}
    for part in SPLITS:
        path = osp.join(root, f'{part}.txt')
        if not osp.isfile(path):
            continue
        names = [name for name, _ in read_list(path, IMAGE_SUFFIXES, known)]
        absent = [name for name in names if name not in known]
        if absent:
            raise FileNotFoundError(
                f'{path} lists {counted(len(absent), "image")} that cannot be '
                f'found, or without a mask: {name_some(absent)}')
        again = sorted({*names} & {pair.name for pair in dealt})
        if again:
            raise ValueError(f'{path} lists images of another part: '
                             f'{name_some(again)}')
        lists[part] = f'{part}.txt'
        dealt += [Pair(name, known[name].image, known[name].mask, part)
                  for name in dict.fromkeys(names)]
    return (dealt, lists) if lists else (pairs, {})


def _no_pairs(root: str, prefixes: dict[str, tuple[str, str]],
              without: Sequence[str]) -> str:
    images, masks = next(iter(prefixes.values()))
    convert = (f'{command_for("convert_masks")} {quote_command([root])} OUT '
               f'--images {quote_command([prefixes and images])} --masks '
               f'{quote_command([masks])}')
    if not without:
        return (f'There are no images in {osp.join(root, images)}: expected '
                f'are {", ".join(IMAGE_SUFFIXES)} files')
    if not any(files for _, folder in prefixes.values()
               for _, _, files in os.walk(osp.join(root, folder))):
        return (f'There are no masks in {osp.join(root, masks)}: expected '
                f'are {", ".join(MASK_SUFFIXES)} files, each with the name '
                'of its image')
    return (f'No image in {osp.join(root, images)} has a mask of its name in '
            f'{osp.join(root, masks)}, such as {osp.basename(without[0])}: '
            f'a mask ends in one of {", ".join(MASK_SUFFIXES)}. If names, '
            f'colours or formats differ, make masks of them: {convert}')
