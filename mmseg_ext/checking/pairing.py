"""Pair images with masks where SEMDataset would stop at the first gap."""
import os.path as osp
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional

from mmseg_ext.basics.command_line import command_for
from mmseg_ext.basics.foreign_masks import FOREIGN_SUFFIXES, describe_foreign
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import (
    AMBIGUOUS,
    LOSSY,
    describe_absent,
    describe_capitals,
    list_files,
    list_folders,
    list_side_by_side,
    name_some,
    read_list,
)
from mmseg_ext.basics.mask_files import MASK_SUFFIXES
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.sem_files import SEMReading

from .arguments import write_argument
from .findings import ERROR, MAX_NAMES, WARNING, Finding

OTHER_SUFFIXES = (*LOSSY, '.json', *FOREIGN_SUFFIXES)


@dataclass
class Listing:
    """What a dataset would load, and what is wrong with the names.

    Attributes:
        samples: As the dataset would hand them to its pipeline.
        findings: About missing, surplus and ambiguous files.
        unused: Images in the folder that a list leaves out.
        command_line: See :class:`~.pair_check.Rules`.
    """
    samples: list[dict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unused: set[str] = field(default_factory=set)
    command_line: bool = False

    def say(self, severity: str, what: str, fix: str,
            names: Sequence[str] = ()) -> None:
        self.findings.append(Finding(
            severity, what, fix, tuple(names[:MAX_NAMES]), len(names)))


def list_pairs(image_dir: str,
               mask_dir: Optional[str],
               reading: SEMReading,
               ann_file: str = '',
               data_root: Optional[str] = None,
               how_to_get: str = '',
               command_line: bool = False) -> Listing:
    """List the pairs of two folders as SEMDataset does.

    Args:
        image_dir: Folder of the images.
        mask_dir: Folder of the masks; None: there are none.
        reading: How they are read.
        ann_file: List of the images to use; '': all.
        data_root: Folder of both, whose folders are named if there are no
            images.
        how_to_get: Where a published set comes from, '' for others.
        command_line: See :class:`~.pair_check.Rules`.
    """
    listing, beside = Listing(command_line=command_line), None
    together = mask_dir is not None and (
        osp.realpath(mask_dir) == osp.realpath(image_dir))
    if together:  # a.jpg and its mask a.png
        beside = list_side_by_side(image_dir, IMAGE_SUFFIXES, MASK_SUFFIXES)
    images = beside[0] if beside else _list(
        image_dir, IMAGE_SUFFIXES, listing)
    if not images:
        there = list_folders(data_root) if data_root else []
        folders = (f' {data_root} holds the folders '
                   f'{name_some(there)}.' if there else '')
        listing.say(
            ERROR, f'There are no images in {image_dir}.{folders}',
            how_to_get or f'Put {", ".join(IMAGE_SUFFIXES)} files there, or '
            'name the folder: '
            + ('--images DIR or --val-images DIR.' if command_line else
               "--data-root DIR, or data_prefix=dict(img_path='...') in the "
               'dataset of the config.'))
        return listing
    everything = set(images.values())
    if ann_file:
        images = _select(images, ann_file, image_dir, how_to_get, listing)
        listing.unused = everything - set(images.values())
    if mask_dir is None:
        masks = {}
    elif together:
        images, masks = _part_folder(images, beside and beside[1], mask_dir,
                                     listing)
    else:
        masks = _find_masks(images, mask_dir, bool(ann_file), listing)
    listing.samples = [
        reading.sample(path, masks.get(stem))
        for stem, path in images.items() if mask_dir is None or stem in masks
    ]
    return listing


def _list(folder: str, suffixes: Sequence[str],
          listing: Listing) -> dict[str, str]:
    """Return name without suffix -> path; of two suffixes the first."""
    found = defaultdict(list)
    for suffix in suffixes:
        try:
            files = list_files(folder, (suffix, ))
        except ValueError as error:  # A.png beside A.PNG
            listing.say(ERROR, str(error), AMBIGUOUS)
            continue
        for stem, path in files.items():
            found[stem].append(path)
    twice = [paths for paths in found.values() if len(paths) > 1]
    if twice:
        listing.say(
            ERROR, f'{folder} holds names with several suffixes: which file '
            'is meant cannot be told.', AMBIGUOUS,
            [' and '.join(sorted(paths)) for paths in twice])
    return {stem: found[stem][0] for stem in sorted(found)}


def _select(images: dict[str, str], ann_file: str, image_dir: str,
            how_to_get: str, listing: Listing) -> dict[str, str]:
    """Keep the images that a list names."""
    try:
        names = read_list(ann_file, IMAGE_SUFFIXES, images)
    except FileNotFoundError:
        listing.say(ERROR, f'There is no {ann_file}, the list (ann_file) of '
                    'the images to use, the name of one a line.',
                    how_to_get or 'Write it; without ann_file all images in '
                    f'{image_dir} are used.')
        return {}
    except (OSError, ValueError) as error:
        listing.say(ERROR, f'The list {ann_file} cannot be read: {error}.',
                    'Correct '
                    + write_argument('ann_file', "'FILE'",
                                     listing.command_line))
        return {}
    stems = dict(names)
    absent = [name for stem, name in stems.items() if stem not in images]
    if absent:
        listing.say(
            ERROR, f'{ann_file} lists images that are not in {image_dir}.',
            describe_absent(absent, IMAGE_SUFFIXES, images), absent)
    if len(stems) < len(names):
        listing.say(
            WARNING, f'{ann_file} names '
            f'{counted(len(names) - len(stems), "image")} more than once, '
            'used once.', 'Remove the lines.')
    return {stem: images[stem] for stem in stems if stem in images}


def _find_masks(images: dict[str, str], mask_dir: str, listed: bool,
                listing: Listing) -> dict[str, str]:
    masks = _list(mask_dir, MASK_SUFFIXES, listing)
    missing = [stem for stem in images if stem not in masks]
    surplus = sorted(set(masks) - set(images))
    if missing:
        renamed = _match_by_affix(missing, surplus)
        for stem, other in renamed.items():
            masks[stem] = masks[other]
        if renamed:
            _say_renamed(images, masks, renamed, mask_dir, listing)
        missing = [stem for stem in missing if stem not in renamed]
        surplus = sorted(set(surplus) - set(renamed.values()))
    if missing:
        _say_missing(images, missing, surplus, mask_dir, listing)
    if surplus and not listed:
        listing.say(
            WARNING, f'{mask_dir} holds masks without an image; they are not '
            'used.', 'Add the images, or move the masks elsewhere.',
            [masks[stem] for stem in surplus])
    return masks


def _part_folder(images: dict[str, str], beside: Optional[dict[str, str]],
                 folder: str, listing: Listing
                 ) -> tuple[dict[str, str], dict[str, str]]:
    """Tell images and masks of one folder apart.

    Args:
        images: All of the folder.
        beside: Masks of the same names, a.png for a.jpg; None: names differ,
            a_mask.png for a.png.
        folder: The folder.
        listing: What to tell.
    """
    pairs = beside
    if pairs is None:
        names = _match_by_affix(list(images), list(images))
        pairs = {stem: images[mask] for stem, mask in names.items()}
    listing.say(
        ERROR, f'Images and masks are in one folder, {folder}: an image '
        'would be taken for its own mask. What looks like a mask is checked '
        'all the same.', 'Move the masks to a folder of '
        f"their own, under their images' names; {command_for('convert_masks')}"
        ' SOURCE OUT --images . --masks . writes them so.',
        list(pairs.values()))
    return {stem: images[stem] for stem in pairs}, pairs


def _match_by_affix(missing: Sequence[str],
                    surplus: Sequence[str]) -> dict[str, str]:
    """Match a.png with a_mask.png: one addition before or after all names.

    Returns:
        Name of the image -> name of the mask, without suffixes.
    """
    additions, wanted = Counter(), set(missing)
    for name in surplus:
        folder, base = osp.split(name)
        for i in range(1, len(base)):
            for part, addition in ((base[:i], ('', base[i:])),
                                   (base[i:], (base[:i], ''))):
                # 10.png is not the mask of 1.png
                number = ''.join(addition).isdigit()
                if osp.join(folder, part) in wanted and not number:
                    additions[addition] += 1
    if not additions:
        return {}
    before, after = additions.most_common(1)[0][0]
    matched, surplus = {}, set(surplus)
    for stem in missing:
        folder, base = osp.split(stem)
        other = osp.join(folder, f'{before}{base}{after}')
        if other in surplus:
            matched[stem] = other
    return matched


def _say_renamed(images: dict[str, str], masks: dict[str, str],
                 renamed: dict[str, str], mask_dir: str,
                 listing: Listing) -> None:
    stem, other = next(iter(renamed.items()))
    suffix = osp.splitext(masks[stem])[1]
    start, end = osp.basename(other).split(osp.basename(stem), 1)
    option = '' if start else f' --mask-suffix {end}'
    listing.say(
        ERROR, f'Masks in {mask_dir} have other names than their images: '
        f'{osp.basename(other)}{suffix} for {osp.basename(images[stem])}. A '
        'mask needs its image\'s name. They are checked all the same.',
        f'Rename them ({osp.basename(other)}{suffix} -> '
        f'{osp.basename(stem)}{suffix}); or {command_for("convert_masks")} '
        f'SOURCE OUT{option} writes them under their images\' names.',
        [masks[stem] for stem in renamed])


def _say_missing(images: dict[str, str], missing: Sequence[str],
                 surplus: Sequence[str], mask_dir: str,
                 listing: Listing) -> None:
    others = {}
    for suffix in OTHER_SUFFIXES:
        files = list_files(mask_dir, (suffix, ))
        for stem in missing:
            if stem in files:
                others.setdefault(stem, files[stem])
    jpeg = [path for path in others.values()
            if path.lower().endswith(('.jpg', '.jpeg'))]
    foreign = [path for path in others.values() if path not in jpeg]
    if jpeg:
        listing.say(
            ERROR, 'Masks are JPEG files. JPEG changes the values of pixels, '
            'and with them classes; such files are not taken for masks.',
            'Export the masks again as PNG. If these are all there is: '
            f'{command_for("convert_masks")} SOURCE OUT --nearest', jpeg)
    if foreign:
        listing.say(
            ERROR, f'Masks have a format that is not read; taken are '
            f'{", ".join(MASK_SUFFIXES)}.',
            f'{command_for("convert_masks")} SOURCE OUT makes masks of '
            "labelme's and COCO's JSON files; save others as PNG. "
            + describe_foreign(foreign), foreign)
    rest = [images[stem] for stem in missing if stem not in others]
    if rest:
        listing.say(
            ERROR, f'Images have no mask in {mask_dir}. A mask has its '
            f'image\'s name and one of {name_some(MASK_SUFFIXES)}.',
            describe_capitals(missing, surplus)
            + 'Add the masks, move the images elsewhere, or list the images '
            'to use in a text file: '
            + write_argument('ann_file', "'train.txt'", listing.command_line),
            rest)
