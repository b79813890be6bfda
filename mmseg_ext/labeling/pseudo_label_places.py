"""What pseudo-labels are refused for before a model is loaded."""
import os
import os.path as osp
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Optional

from mmseg_ext.basics import read_image, to_8_bit
from mmseg_ext.basics.image_files import DEEP, bytes_per_pixel
from mmseg_ext.basics.intensity_statistics import is_coloured
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.pseudo_labels import find_marked
from mmseg_ext.basics.sections import data_sets
from mmseg_ext.checking.splits import Split
from mmseg_ext.datasets.unlabeled import MASK
from mmseg_ext.inference.inputs import Inputs

LOOKED_AT = 20  # images of the source


def refuse_place(out: Path, images: Path, cfg: Mapping) -> None:
    """Refuse a folder of labels that lies among data.

    Args:
        out: Folder of the labels.
        images: Folder of the images that are to be labelled.
        cfg: Config, whose data sets are the source.

    Raises:
        ValueError: If it is one of their folders, or in one.
    """
    place = _real(out)
    for folder in (images, *_folders(cfg)):
        real = _real(folder)
        if real == place or real in place.parents:
            raise ValueError(
                f'{out} is in {folder}, a folder of data: what a model has '
                'predicted would lie among what people have made. Name a '
                'folder elsewhere.')


def _folders(cfg: Mapping) -> Iterator[str]:
    for dataset in data_sets(cfg):
        root = dataset.get('data_root') or ''
        # of pseudo-labels of the last round, too
        if root and _real(root) != Path.cwd().resolve():
            yield root
        for prefix in (dataset.get('data_prefix') or {}).values():
            if isinstance(prefix, str) and prefix:
                yield osp.join(root, prefix)


def _real(path: str | os.PathLike) -> Path:
    return Path(osp.realpath(path))


def without_masks(inputs: Inputs) -> tuple[Inputs, list[str]]:
    """Leave out what is named as masks are, and say so.

    Sets of defects have images and masks in one folder.

    Raises:
        FileNotFoundError: If nothing is left.
    """
    images = {name: path for name, path in inputs.images.items()
              if not any(map(MASK.search, name.split('/')))}
    count = len(inputs.images) - len(images)
    if not images:
        raise FileNotFoundError(
            f'All {count} images in {inputs.sources[0]} are named as masks '
            'are (masks, labels, gt, a_mask.png, ...).')
    return replace(inputs, images=images), [] if not count else [
        counted(count, 'file is', 'files are')
        + ' named as masks are (masks, labels, gt, '
        'a_mask.png, ...) and left out.']


def compare_kinds(inputs: Inputs, splits: Iterable[Split],
                  bit_depth: Optional[int]) -> list[str]:
    """Compare the depth and channels of the images with the source's.

    Args:
        inputs: Images that are to be labelled.
        splits: Of the source.
        bit_depth: Significant bits of 16-bit images; None: nobody says.

    Returns:
        What is to be said of images in colours where those of the source are
        grey, or the other way round, and of a source that is not there.

    Raises:
        ValueError: If there are images of 16 bits, the source has 8, and
            nobody says how many are used.
    """
    source = _bytes_per_pixel([
        sample['img_path'] for split in splits if 'train' in split.name
        for sample in split.listing.samples
        if not find_marked(osp.dirname(sample['img_path']))][:LOOKED_AT])
    target = _bytes_per_pixel(inputs.images.values())
    deep = [path for path, size in target.items() if size in DEEP]
    if deep and bit_depth is None and source and not any(
            size in DEEP for size in source.values()):
        raise ValueError(
            f'{len(deep)} of {len(target)} images have 16 bits, such as '
            f'{deep[0]}; those that the model was trained on have 8. Say '
            'how many bits of the 16 are used, --bit-depth 12 or 16: of 12, '
            'all would look black to the model otherwise.')
    grey, colours = ({path for path, size in target.items()
                      if size in sizes} for sizes in ((1, 2), (3, 4, 6, 8)))
    kinds = {size in (1, 2) for size in source.values()}
    odd = ()
    # files of three channels may hold a grey picture
    if kinds == {True} and any(map(_shows_colours,
                                   sorted(colours)[:LOOKED_AT])):
        odd = colours
    elif kinds == {False} and grey and any(map(_shows_colours, source)):
        odd = grey
    unseen = [
        f'The {split.name} part of the config cannot be read, and was not '
        f'compared with the images: {split.listing.findings[0].what}'
        for split in splits
        if not split.listing.samples and split.listing.findings]
    return unseen if not odd else [
        *unseen, f'{len(odd)} of {len(target)} images are stored '
        + ('in colours' if odd is colours else 'as grey levels')
        + f', such as {min(odd)}; those of the source '
        + ('as grey levels.' if odd is colours else 'in colours.')]


def _bytes_per_pixel(paths: Iterable[str | Path]) -> dict[str, int]:
    """Return path -> bytes a pixel, of what can be read."""
    found = {}
    for path in map(str, paths):
        try:
            found[path] = bytes_per_pixel(path)
        except (OSError, ValueError):
            continue  # prediction says so
    return found


def _shows_colours(path: str) -> bool:
    """Tell whether there are colours in a picture that can be read."""
    try:
        image = to_8_bit(read_image(path), path)
    except (OSError, ValueError):
        return False  # prediction says so
    return image.ndim == 3 and is_coloured(image[..., :3])
