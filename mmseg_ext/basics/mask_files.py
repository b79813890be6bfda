"""Read masks from files, without guessing.

Microscopes and annotation programs write every combination of bit depth,
channels and encoding; what cannot be read without loss is refused with the
file's name, what was found, and what to do.
"""
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np

from .files import read_bytes
from .formats import Indexed, transparent_mask
from .image_files import decode_pixels
from .label_values import describe_fractions, foreign_labels

# JPEG changes pixel values, and with them classes.
MASK_SUFFIXES = ('.png', '.bmp', '.tif', '.tiff')


def decode_stored(
        path: str,
        backend_args: Optional[dict] = None) -> np.ndarray | Indexed:
    """Decode a mask to the numbers in the file, turned as it is shown.

    Args:
        path: PNG, BMP or TIFF file.
        backend_args: mmengine's file backend.

    Returns:
        (H, W) or (H, W, 3 or 4), blue, green, red; or the indices and the
        colours of an indexed file.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is damaged, larger than the memory, or no single
            picture.
    """
    return decode_pixels(
        read_bytes(path, backend_args), str(path), stored=True)


def decode_mask(path: str,
                palette: Sequence[Sequence[int]] = (),
                backend_args: Optional[dict] = None) -> np.ndarray:
    """Decode a mask to the values in the file, whatever they mean.

    Args:
        path: PNG, BMP or TIFF file.
        palette: Colours (red, green, blue) of the classes: an indexed file
            of these alone is decoded to its colours, of others to its
            indices.
        backend_args: mmengine's file backend.

    Returns:
        (H, W) integers; three equal channels count as one. Or (H, W, 3)
        colours, red, green, blue.

    Raises:
        ValueError: If the file is unreadable or partly transparent; of
            indices, only where their colours count.
    """
    return plain_values(decode_stored(path, backend_args), path, palette)


def plain_values(mask: np.ndarray | Indexed,
                 path: str,
                 palette: Sequence[Sequence[int]] = ()) -> np.ndarray:
    """Turn what :func:`decode_stored` returned into values or colours.

    See :func:`decode_mask`; the path is for errors.
    """
    if isinstance(mask, Indexed):
        # An indexed file of our colours may number them in any order; of
        # other colours (PASCAL VOC's), the index is the class.
        if mask.uses_only(palette):
            return paint_mask(path, mask)
        return mask.indices
    if mask.ndim == 3 and mask.shape[2] == 4:
        opaque = 1 if mask.dtype.kind == 'f' else np.iinfo(mask.dtype).max
        if (mask[..., 3] != opaque).any():
            raise ValueError(f'{path} {transparent_mask()}')
        mask = mask[..., :3]
    if mask.ndim == 3 and (mask == mask[..., :1]).all():
        return mask[..., 0]  # grey, stored three times
    return mask if mask.ndim == 2 else mask[..., ::-1]


def paint_mask(path: str, mask: Indexed) -> np.ndarray:
    """Return the colours of an indexed mask, (H, W, 3) red, green, blue.

    Raises:
        ValueError: If some of them are transparent.
    """
    if not mask.is_opaque():
        raise ValueError(f'{path} {transparent_mask()}')
    return mask.paint()


def _colours_to_ids(path: str, mask: np.ndarray, palette: np.ndarray,
                    classes: Sequence[str], ignore_index: int,
                    ignore_colors: Sequence) -> np.ndarray:
    # One number for each colour: (H, W, 3) -> (H, W)
    weights = 65536**np.array([2, 1, 0])  # of 16 bits, too
    packed = mask.astype(np.int64) @ weights
    ids = np.full(packed.shape, ignore_index, np.uint8)
    known = dict(zip((palette @ weights).tolist(), range(len(palette))))
    known.update((int(np.dot(colour, weights)), ignore_index)
                 for colour in ignore_colors)
    foreign = foreign_labels(packed, known)
    if foreign:
        colours = {(value >> 32, value >> 16 & 65535, value & 65535): fraction
                   for value, fraction in foreign.items()}
        names = ', '.join(f'{name} {tuple(colour)}' for name, colour in zip(
            classes, palette.tolist()))
        raise ValueError(
            f'{path} holds colours (red, green, blue) that are no class: '
            f'{describe_fractions(colours)}. The palette is {names}. Correct '
            'the mask (smoothed edges come from saving it with '
            'anti-aliasing or as JPEG), give the palette in metainfo, or '
            'name colours without a label in ignore_colors.')
    for value, class_id in known.items():
        ids[packed == value] = class_id
    return ids


def read_mask(path: str,
              classes: Sequence[str],
              palette: Sequence[Sequence[int]],
              label_map: Optional[Mapping[int, int]] = None,
              ignore_index: int = 255,
              ignore_colors: Sequence[Sequence[int]] = (),
              backend_args: Optional[dict] = None) -> np.ndarray:
    """Read a mask of class ids, or of the classes' colours.

    Args:
        path: PNG, BMP or TIFF file; integers of any width, grey or three
            equal channels, or colours of the palette.
        classes: Names of the classes, in the order of their ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        label_map: Value in the file -> class id, for masks whose values are
            no class ids. None: the values are class ids.
        ignore_index: Value of pixels without a label.
        ignore_colors: Colours of pixels without a label.
        backend_args: mmengine's file backend.

    Returns:
        (H, W) uint8, each value a class id or ``ignore_index``.

    Raises:
        ValueError: If the file is unreadable, or a value or colour in it is
            no class.
    """
    return to_class_ids(
        decode_mask(path, palette, backend_args), path, classes, palette,
        label_map, ignore_index, ignore_colors)


def to_class_ids(mask: np.ndarray,
                 path: str,
                 classes: Sequence[str],
                 palette: Sequence[Sequence[int]],
                 label_map: Optional[Mapping[int, int]] = None,
                 ignore_index: int = 255,
                 ignore_colors: Sequence[Sequence[int]] = ()) -> np.ndarray:
    """Turn what :func:`decode_mask` returned into class ids.

    See :func:`read_mask`; the path is for errors.
    """
    colours = np.array(palette, np.int64)
    if mask.ndim == 3:
        return _colours_to_ids(path, mask, colours, classes, ignore_index,
                               ignore_colors)
    allowed = set(label_map or range(len(classes)))
    if label_map is None:
        allowed.add(ignore_index)
    foreign = foreign_labels(mask, allowed)
    if foreign:
        meaning = (f'label_map={dict(label_map)}' if label_map else
                   f'the classes are 0 to {len(classes) - 1} '
                   f'({", ".join(classes)}) and {ignore_index} is ignored')
        raise ValueError(
            f'{path} holds values that are no class: '
            f'{describe_fractions(foreign)}; {meaning}. Correct the mask, '
            'list every class in metainfo, or say what the values mean with '
            'label_map={value: class id}.')
    if label_map is not None:
        ids = np.empty(mask.shape, np.uint8)
        for value, class_id in label_map.items():
            ids[mask == value] = class_id
        return ids
    # Foreground alone (255 and nothing else) is the same mistake.
    if len(classes) == 2 and 255 in mask and 1 not in mask:
        raise ValueError(
            f'{path} holds 255 and no 1: with two classes, 255 most likely '
            f'means {classes[1]!r}, but it is the value that is ignored. Set '
            'label_map={0: 0, 255: 1}, or {0: 0, 1: 1, 255: 255} if those '
            'pixels really have no label.')
    return mask.astype(np.uint8)


def read_binary_mask(path: str,
                     backend_args: Optional[dict] = None) -> np.ndarray:
    """Read a mask of one foreground class, 0 and 255 or 0 and 1.

    Args:
        path: PNG, BMP or TIFF file.
        backend_args: mmengine's file backend.

    Returns:
        (H, W) uint8: 0 background, 1 foreground.

    Raises:
        ValueError: If the file is unreadable, or holds other values.
    """
    mask = decode_mask(path, backend_args=backend_args)
    if mask.ndim == 3:
        raise ValueError(f'{path} is a picture in colours; a mask of 0 '
                         'and 255 is expected. Convert it.')
    foreign = foreign_labels(mask, (0, 1, 255))
    if foreign:
        raise ValueError(
            f'{path} holds other values than 0 and 255 (or 0 and 1): '
            f'{describe_fractions(foreign)}. Grey edges come from saving '
            'a mask with anti-aliasing or as JPEG: threshold it.')
    if 1 in mask and 255 in mask:
        raise ValueError(f'{path} holds both 1 and 255; only one of them '
                         'can mean foreground. Save it with 0 and 255.')
    return (mask > 0).astype(np.uint8)
