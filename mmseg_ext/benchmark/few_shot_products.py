"""Labelled images of products, by the kinds of their defects."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Optional

import cv2
import numpy as np

from mmseg_ext.basics import IMAGE_SUFFIXES, MASK_SUFFIXES, read_image
from mmseg_ext.basics.listing import list_files, name_some
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.datasets import ksdd2_layout, mvtec_layout
from mmseg_ext.inference.few_shot import Labelled


@dataclass(frozen=True)
class Product:
    """Images of a product.

    Attributes:
        kinds: Kind of defect -> its images, with masks of 0 and 1.
        good: Images without a defect.
    """
    kinds: dict[str, list[Labelled]]
    good: list[Labelled]


def read_product(root: str, category: str,
                 size: tuple[int, int]) -> Product:
    """Read the test part of a product.

    Args:
        root: Folder in MVTec AD's layout, or in KolektorSDD2's.
        category: Of the former; '': it is the latter.
        size: (height, width) in pixels that images are scaled to.

    Raises:
        FileNotFoundError, ValueError: See the layouts' listing.
    """
    kinds: dict[str, list[Labelled]] = {}
    if category:
        listed = mvtec_layout.list_category(root, category)
        found = [(name, image['img_path'], image['seg_map_path'],
                  image['defect_type']) for name, image in listed.items()
                 if f'{category}/test/' in name]
    else:
        listed = ksdd2_layout.list_part(root, 'test')
        found = [(name, image['img_path'], image['seg_map_path'],
                  'defect' if image['seg_map_path']
                  and ksdd2_layout.has_defect(image['seg_map_path'])
                  else mvtec_layout.GOOD) for name, image in listed.items()]
    for name, path, mask_path, kind in found:
        image = _resized(read_image(path), size, cv2.INTER_AREA)
        mask = None
        if kind != mvtec_layout.GOOD:
            mask = _resized((decode_mask(mask_path) > 0).astype(np.uint8),
                            size, cv2.INTER_NEAREST)
            if not mask.any():  # too small for this size
                continue
        kinds.setdefault(kind, []).append(Labelled(name, image, mask))
    good = kinds.pop(mvtec_layout.GOOD, [])
    return Product(kinds, good)


def read_classes(root: str, classes: Sequence[str],
                 size: tuple[int, int]) -> list[Product]:
    """Read images whose masks hold class ids, a product for each class.

    Images that do not show a class are its good ones: they may show another.

    Args:
        root: Folder with ``images/test`` and ``masks/test``.
        classes: Names of the ids, the background first.
        size: (height, width) in pixels that images are scaled to.

    Raises:
        FileNotFoundError: If there are no images, or a mask is missing.
    """
    folders = [f'{root}/{kind}/test' for kind in ('images', 'masks')]
    paths, masks = map(list_files, folders, (IMAGE_SUFFIXES, MASK_SUFFIXES))
    missing = [path for name, path in paths.items() if name not in masks]
    if missing or not paths:
        raise FileNotFoundError(
            f'{len(paths)} images in {folders[0]}, of which {len(missing)} '
            f'have no mask in {folders[1]}: {name_some(missing) or "none"}')
    found = {name: (_resized(read_image(path), size, cv2.INTER_AREA),
                    _resized(decode_mask(masks[name]), size,
                             cv2.INTER_NEAREST))
             for name, path in paths.items()}
    products = []
    for value, kind in enumerate(classes):
        if not value:
            continue
        showing = {name for name, (_, mask) in found.items()
                   if (mask == value).any()}
        products.append(Product(
            {kind: [Labelled(name, image, (mask == value).astype(np.uint8))
                    for name, (image, mask) in found.items()
                    if name in showing]},
            [Labelled(name, image) for name, (image, _) in found.items()
             if name not in showing]))
    return products


def read_products(root: str, category: str,
                  classes: Optional[Sequence[str]], size: tuple[int, int],
                  kinds: Optional[Iterable[str]] = None) -> list[Product]:
    """Read a data set in any of the layouts.

    Args:
        root: Its folder.
        category: Of MVTec AD's layout, or ''.
        classes: See :func:`read_classes`; None: another layout.
        size: (height, width) in pixels that images are scaled to.
        kinds: Of defects, to leave out others; None: all.

    Raises:
        FileNotFoundError: If files are missing.
        ValueError: If there is no such kind.
    """
    found = (read_classes(root, classes, size) if classes else
             [read_product(root, category, size)])
    if kinds is None:
        return found
    there = [kind for product in found for kind in product.kinds]
    lacking = sorted({*kinds} - {*there})
    if lacking:
        raise ValueError(f'There are no {", ".join(lacking)}; kinds of '
                         f'defects are {", ".join(there)}')
    chosen = [Product({kind: images for kind, images in product.kinds.items()
                       if kind in kinds}, product.good) for product in found]
    return [product for product in chosen if product.kinds]


def _resized(picture: np.ndarray, size: tuple[int, int],
             how: int) -> np.ndarray:
    return cv2.resize(picture, size[::-1], interpolation=how)
