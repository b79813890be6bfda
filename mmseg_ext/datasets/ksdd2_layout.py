"""The layout of KolektorSDD2, as published, and what it leaves open."""
import csv
import io
import logging
import os.path as osp
import re
from collections.abc import Mapping, Sequence
from typing import Optional

from mmengine.logging import print_log

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import list_files, name_some, same_name
from mmseg_ext.basics.mask_files import MASK_SUFFIXES, decode_mask
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.splits import SPLITS, stratified_split
from mmseg_ext.basics.text_files import read_text

from .published import PUBLISHED

CLASSES = ('clean', 'defective')  # of images
GT = '_GT'
# What a file manager leaves behind. The published train/ holds
# '10301 (copy).png' and '10301_GT (copy).png', which is a mask and does not
# end like one.
COPY = re.compile(r' \(copy( \d+)?\)$')
LAYOUT = 'the mask of train/10000.png is train/10000_GT.png'


def check_part(split: str, val_ratio: float) -> None:
    """Raise ValueError if a part of the data cannot be asked for."""
    check_choice('split', split, SPLITS)
    if not 0 <= val_ratio < 1:
        raise ValueError(f'val_ratio={val_ratio!r}: must be the fraction of '
                         'train/ that validation gets, 0 or more and below 1')


def list_masks(folder: str,
               backend_args: Optional[dict] = None) -> dict[str, str]:
    """Return name of the image without suffix -> path of its mask."""
    files = list_files(folder, MASK_SUFFIXES, backend_args)
    return {stem[:-len(GT)]: path for stem, path in files.items()
            if stem.endswith(GT)}


def list_part(data_root: str,
              part: str,
              backend_args: Optional[dict] = None) -> dict[str, dict]:
    """List the images of ``train/`` or ``test/``.

    Returns:
        Name of the image (its path in ``data_root`` without suffix, with
        '/') -> ``img_path``, ``seg_map_path`` (None if there is no mask)
        and ``output_name``, which is the name.

    Raises:
        FileNotFoundError: If there are no images.
        ValueError: If a mask has no image.
    """
    folder = osp.join(data_root, part)
    files = list_files(folder, IMAGE_SUFFIXES, backend_args)
    masks = list_masks(folder, backend_args)
    copies = [path for stem, path in files.items() if COPY.search(stem)]
    if copies:
        print_log(f'Copies are not used: {name_some(copies)}',
                  logger='current')
    images = {}
    for stem, path in files.items():
        if stem.endswith(GT) or COPY.search(stem):
            continue
        name = f'{part}/{stem}'
        images[name] = dict(
            img_path=path,
            seg_map_path=masks.pop(stem, None),
            output_name=name)
    if not images:
        raise FileNotFoundError(
            f'No images in {folder}. Expected is KolektorSDD2 as published, '
            'such as train/10000.png and train/10000_GT.png. '
            + PUBLISHED['ksdd2'].how_to_get(data_root))
    if masks:
        raise ValueError(
            f'{folder} holds {counted(len(masks), "mask")} without an image: '
            f'{name_some(list(masks.values()))}; {LAYOUT}. Remove the masks, '
            'or add the images.')
    return images


def read_labels(path: str,
                part: str,
                classes: Sequence[str] = CLASSES,
                backend_args: Optional[dict] = None) -> dict[str, bool]:
    """Read which images of a part are defective.

    Args:
        path: CSV file with the columns ``image`` (path in the data folder,
            such as train/10000.png, with or without suffix) and ``label``
            (0 or 1, or a name of ``classes``); others are passed over.
        part: 'train' or 'test'; rows of the other one are passed over.
        classes: Names of clean and defective.
        backend_args: mmengine's file backend.

    Returns:
        Name of the image, see :func:`list_part` -> whether it is defective.

    Raises:
        ValueError: If a column is missing, a label is unknown, an image is
            named twice or not of ``train/`` or ``test/``, or the file is in
            an unknown encoding.
    """
    head, _, _ = (text := read_text(path, backend_args)).partition('\n')
    # Spreadsheets separate by what the country does not write numbers with.
    separator = next((sign for sign in ';\t' if sign in head), ',')
    rows = csv.DictReader(io.StringIO(text, newline=''), delimiter=separator)
    columns = [name.strip() for name in rows.fieldnames or ()]
    if not {'image', 'label'} <= set(columns):
        raise ValueError(
            f'{path} must have the columns image and label, named in a '
            'first line "image,label" before lines such as '
            f'"train/10000.png,1"; its first line is {head.strip()!r}')
    rows.fieldnames = columns
    meaning = {'0': False, '1': True, **dict(zip(classes, (False, True)))}
    labels = {}
    for row in rows:
        image, label = ((row[key] or '').strip() for key in ('image', 'label'))
        place = f'{path}, line {rows.line_num}'
        if label not in meaning:
            raise ValueError(f'{place}: {label!r} is no label; allowed are '
                             f'{", ".join(meaning)}.')
        stem, suffix = osp.splitext(same_name(image.replace('\\', '/')))
        name = stem if suffix.lower() in IMAGE_SUFFIXES else stem + suffix
        if name.split('/')[0] not in ('train', 'test'):
            raise ValueError(f'{place}: {image!r} is not in train or test; '
                             'an image is named like train/10000.png.')
        if name in labels:
            raise ValueError(f'{place}: {image!r} is named a second time.')
        labels[name] = meaning[label]
    return {name: label for name, label in labels.items()
            if name.split('/')[0] == part}


def has_defect(mask_path: str, backend_args: Optional[dict] = None) -> bool:
    """Return whether a mask has a pixel that is not 0."""
    return bool(decode_mask(mask_path, backend_args=backend_args).any())


def _name(names: Sequence[str]) -> str:
    return f'{counted(len(names), "image")} ({name_some(names)})'


def _check_there(labels: str, data_root: str) -> None:
    """Say where a CSV file is looked for, if it is not there."""
    if '://' in labels or osp.exists(labels):
        return
    other = osp.join(data_root, labels)
    advice = f'There is {other}: name that.' if osp.exists(other) else (
        'Name its path from there, or the whole path.')
    raise FileNotFoundError(
        f'labels={labels}: there is no {osp.abspath(labels)}. The file is '
        'looked for in the folder in which the command is started, not in '
        f'the data folder. {advice}')


def _check_rows(path: str, part: str, labels: Mapping[str, bool],
                images: Mapping[str, dict]) -> None:
    """Raise ValueError unless every image has a row and the reverse."""
    for lost, where in ((sorted(set(labels) - set(images)), 'the data'),
                        (sorted(set(images) - set(labels)), path)):
        if lost:
            raise ValueError(
                f'{path} and the images in {part}/ do not fit: {_name(lost)} '
                f'{"is" if len(lost) == 1 else "are"} not in {where}. Every '
                'image needs one row.')


def label_images(data_root: str,
                 part: str,
                 labels: Optional[str] = None,
                 mask_dir: Optional[str] = None,
                 classes: Sequence[str] = CLASSES,
                 backend_args: Optional[dict] = None) -> dict[str, dict]:
    """List the images of a part with ``defective``.

    Args:
        data_root: Folder of ``train`` and ``test``.
        part: 'train' or 'test'.
        labels: CSV file that says which images are defective, see
            :func:`read_labels`. Without it, and for a part that it names no
            image of: those whose mask has a pixel that is not 0.
        mask_dir: Folder of masks that say so if the part has none of its
            own.
        classes: Names of clean and defective in the CSV file.
        backend_args: mmengine's file backend.

    Returns:
        As :func:`list_part`.

    Raises:
        FileNotFoundError: If masks are needed and missing.
        ValueError: If the CSV file does not fit the images; and as
            :func:`list_part`.
    """
    images = list_part(data_root, part, backend_args)
    given = {}
    if labels is not None:
        _check_there(labels, data_root)
        given = read_labels(labels, part, classes, backend_args)
    if given:
        _check_rows(labels, part, given, images)
        return {name: dict(image, defective=given[name])
                for name, image in images.items()}
    masks = {name: image['seg_map_path'] for name, image in images.items()}
    where = osp.join(data_root, part)
    if mask_dir is not None and not any(masks.values()):
        found = list_masks(mask_dir, backend_args)
        masks = {name: found.get(name.split('/', 1)[1]) for name in images}
        where = mask_dir
    missing = [name for name, mask in masks.items() if mask is None]
    if missing:
        raise FileNotFoundError(
            f'There is no mask for {_name(missing)} of {len(images)} in '
            f'{where}; {LAYOUT}, all 0 for a clean image, and one of '
            f'{", ".join(MASK_SUFFIXES)}. Add the masks, or say which images '
            f'in {part}/ are defective in a CSV file: labels=FILE.')
    return {name: dict(image,
                       defective=has_defect(masks[name], backend_args))
            for name, image in images.items()}


def hold_out(images: Mapping[str, dict], split: str, val_ratio: float,
             seed: int) -> list[str]:
    """Return the names of the training or of the validation images.

    Defective and clean images are dealt out by themselves, so that both
    parts have the same fraction of defective ones. For the same seed the same
    images and labels give the same parts everywhere.

    Args:
        images: Those of ``train/`` with ``defective``.
        split: 'train' or 'val'.
        val_ratio: Fraction of the validation images, rounded.
        seed: Seed of the choice, an integer.

    Raises:
        ValueError: If the part is empty.
    """
    strata = {name: CLASSES[image['defective']]
              for name, image in images.items()}
    parts = stratified_split(strata, (1 - val_ratio, 0, val_ratio), seed)
    # The remainder is the last part's: no image is lost to rounding.
    names = parts['train' if split == 'train' else 'test']
    if not names:
        raise ValueError(f'val_ratio={val_ratio} of {len(images)} images '
                         f'leaves none for split={split!r}.')
    return names


def list_images(data_root: str,
                split: str,
                val_ratio: float,
                seed: int = 0,
                **kwargs) -> dict[str, dict]:
    """List the images of a split, see :func:`label_images`."""
    part = 'test' if split == 'test' else 'train'
    images = label_images(data_root, part, **kwargs)
    if split == 'test':
        return images
    return {name: images[name]
            for name in hold_out(images, split, val_ratio, seed)}


def use_masks(images: Mapping[str, dict],
              mask_dir: Optional[str] = None,
              backend_args: Optional[dict] = None) -> dict[str, dict]:
    """Give every image its mask, or None if it is clean and has none.

    Args:
        images: Images with ``defective``.
        mask_dir: Folder of masks to use in place of the images' own. A
            defective image without a mask there, or with an empty one, is
            left out, with a warning: whoever wrote the masks found nothing.
        backend_args: mmengine's file backend.

    Raises:
        FileNotFoundError: If a defective image has no mask of its own, or
            ``mask_dir`` holds none at all.
        ValueError: If mask and label contradict each other.
    """
    images = {name: dict(image) for name, image in images.items()}
    if mask_dir is not None:
        masks = list_masks(mask_dir, backend_args)
        for name, image in images.items():
            image['seg_map_path'] = masks.get(name.split('/', 1)[1])
        if not any(image['seg_map_path'] for image in images.values()):
            raise FileNotFoundError(
                f'{mask_dir} holds no mask of these {len(images)} images, '
                f'such as {next(iter(images)).split("/", 1)[1]}{GT}.png.')
    found = {
        name: image['seg_map_path'] is not None
        and has_defect(image['seg_map_path'], backend_args)
        for name, image in images.items()
    }
    marked = [images[name]['seg_map_path'] for name in images
              if found[name] and not images[name]['defective']]
    if marked:
        raise ValueError(
            counted(len(marked), 'mask has', 'masks have')
            + ' a defect where the label of the image is clean: '
            f'{name_some(marked)}. Correct the masks or the '
            'labels.')
    nothing = [name for name, image in images.items()
               if image['defective'] and not found[name]]
    if nothing and mask_dir is None:
        raise FileNotFoundError(
            f'{_name(nothing)} labelled defective, without a mask or with an '
            f'empty one; {LAYOUT}. Add the masks, or name the folder that '
            'holds them: mask_dir=DIR.')
    if nothing:
        print_log(
            f'Left out, defective, with an empty mask or none in {mask_dir}: '
            f'{_name(nothing)}. Draw what is missing to use them.',
            logger='current',
            level=logging.WARNING)
    return {name: image for name, image in images.items()
            if name not in nothing}
