"""Read the pixels of masks and compare them with colours."""
import numpy as np

from mmseg_ext.basics.formats import Indexed
from mmseg_ext.basics.mask_files import (
    decode_stored,
    paint_mask,
    plain_values,
)


def read_mask_pixels(path: str, by_colour: bool) -> np.ndarray:
    """Decode a mask to integers, see :func:`mask_pixels`."""
    return mask_pixels(decode_stored(path), path, by_colour)


def mask_pixels(stored: np.ndarray | Indexed, path: str,
                by_colour: bool) -> np.ndarray:
    """Turn the numbers in a mask file into integers.

    Args:
        stored: What :func:`~mmseg_ext.basics.mask_files.decode_stored`
            returned.
        path: The file, for errors.
        by_colour: Return an indexed file's colours, not its indices.

    Returns:
        (H, W), or (H, W, 3) red, green, blue unless all pixels are grey.

    Raises:
        ValueError: If it is partly transparent or holds fractions.
    """
    if by_colour and isinstance(stored, Indexed):
        return paint_mask(path, stored)
    mask = plain_values(stored, path)
    if mask.dtype.kind == 'f':
        whole = np.isfinite(mask) & (mask == np.round(mask))
        if not whole.all():
            raise ValueError(
                f'{path} holds {mask.dtype} values that are no integers, on '
                f'{100 * (~whole).mean():.3g} % of the pixels: no class can '
                'be told from them. Export the mask as integers.')
        mask = mask.astype(np.int64)
    if mask.ndim == 3 and mask.shape[2] != 3:
        raise ValueError(f'{path} has {mask.shape[2]} channels; 1, 3 or 4 '
                         'are expected. Export the mask as one image.')
    return mask


def equal(mask: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Tell where a mask, (H, W) or (H, W, 3), has a colour, (3,)."""
    if mask.ndim == 2:
        return mask == colour[0]
    return ((mask[..., 0] == colour[0]) & (mask[..., 1] == colour[1])
            & (mask[..., 2] == colour[2]))


def is_grey(mask: np.ndarray) -> np.ndarray:
    """Tell where red, green and blue are equal."""
    return ((mask[..., 0] == mask[..., 1]) & (mask[..., 1] == mask[..., 2]))


def distance(mask: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Return the largest difference of a channel, (H, W)."""
    if mask.ndim == 2:
        return np.abs(mask.astype(np.int64) - colour[0])
    return np.abs(mask.astype(np.int32) - colour.astype(np.int32)).max(axis=2)


def spread(mask: np.ndarray) -> np.ndarray:
    """Return how far colours are from grey, (H, W)."""
    return mask.max(axis=2).astype(np.int32) - mask.min(axis=2)


def count_values(pixels: np.ndarray) -> dict:
    """Return value -> pixels, of colours (red, green, blue) -> pixels.

    Args:
        pixels: (N,) integers, or (N, 3) of up to 16 bits.
    """
    if pixels.ndim == 1:
        values, counts = np.unique(pixels, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist()))
    # One number for each colour: rows are slow to sort.
    red, green, blue = pixels.T.astype(np.int64)
    values, counts = np.unique(
        red << 32 | green << 16 | blue, return_counts=True)
    colours = zip((values >> 32).tolist(), (values >> 16 & 65535).tolist(),
                  (values & 65535).tolist())
    return dict(zip(colours, counts.tolist()))


def fractions(mask: np.ndarray, where: np.ndarray) -> dict:
    """Return value or colour -> fraction of all pixels, highest first."""
    counts = count_values(mask[where])
    return {value: counts[value] / where.size
            for value in sorted(counts, key=lambda value: -counts[value])}


def unlike_photograph(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Tell where a painted-over photograph is grey, but not as the image.

    Args:
        mask: (H, W, 3) red, green, blue.
        image: (H, W) or (H, W, 1, 3 or 4) blue, green, red, as in its file.

    Returns:
        (H, W) bool.
    """
    if image.ndim == 2:
        image = image[..., None]
    image = image[..., 2::-1]  # red, green, blue, or one channel for all
    if image.dtype != mask.dtype:
        mask, image = _to_8_bit(mask), _to_8_bit(image)
    return is_grey(mask) & (mask != image).any(axis=2)


def _to_8_bit(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint16:
        return np.round(pixels / 257).astype(np.uint8)
    return pixels
