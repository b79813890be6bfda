"""Find pictures that are the same, or nearly, from small fingerprints.

What "nearly" means was set on 246 real images (MetalDAM, NASA's Super 1, a
category of MVTec AD, KolektorSDD): JPEG of quality 50, half the size, noise
of 10 grey levels and a gamma of 0.7 leave a correlation of 0.979 or more in
the detail of 64 x 64 pixels, and different pictures, even of one product in
one place, stay below 0.962. A crop or a shift by 1 % is not recognized.
"""
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

import cv2
import numpy as np

SIZE = 64  # pixels a side of what is compared
MAX_BITS = 10  # of 64 that may differ in the hashes of candidates
MIN_CORRELATION = 0.97
BLOCK = 512  # fingerprints compared at a time


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a picture, about 5 KB.

    Attributes:
        digest: Of all its pixels.
        small: (64, 64) uint8, the whole picture.
        labels: Digest of its mask; None if there is none.
    """
    digest: bytes
    small: np.ndarray
    labels: Optional[bytes] = None


@dataclass(frozen=True)
class Duplicate:
    """Two pictures, by their numbers, and how they agree.

    Attributes:
        first: Number of the first.
        second: Number of the second.
        identical: All pixels are the same.
        turned: The second is mirrored or turned by a multiple of 90 degrees.
    """
    first: int
    second: int
    identical: bool
    turned: bool = False


def _digest(array: np.ndarray) -> bytes:
    content = hashlib.blake2b(repr((array.shape, array.dtype)).encode(),
                              digest_size=16)
    content.update(np.ascontiguousarray(array))
    return content.digest()


def take_fingerprint(image: np.ndarray,
                     labels: Optional[np.ndarray] = None) -> Fingerprint:
    """Return the fingerprint of a picture.

    Args:
        image: (H, W) or (H, W, channels), any number type.
        labels: (H, W) class ids.
    """
    if image.ndim == 3 and (image == image[..., :1]).all():
        image = image[..., 0]  # grey, however it is stored
    grey = (image.astype(np.float32) if image.ndim == 2
            else image.mean(-1, dtype=np.float32))
    low, high = grey.min(), grey.max()
    small = cv2.resize(grey, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    small = np.round((small - low) * (255 / max(high - low, 1e-6)))
    return Fingerprint(
        _digest(image), small.astype(np.uint8),
        None if labels is None else _digest(labels))


def perceptual_hash(small: np.ndarray) -> np.ndarray:
    """Return 64 bits that small changes of a picture leave as they are.

    The signs of the 8 x 8 lowest frequencies of the cosine transform, seen
    from their median.

    Args:
        small: (64, 64) grey levels.

    Returns:
        (64, ) bool
    """
    quarter = cv2.resize(small.astype(np.float32), (32, 32),
                         interpolation=cv2.INTER_AREA)
    waves = cv2.dct(quarter)[:8, :8].ravel()
    return waves > np.median(waves)


def detail(small: np.ndarray) -> np.ndarray:
    """Return a picture without its coarse shades, of mean 0 and norm 1.

    (64, 64) -> (4096, ); all 0 for an even picture.
    """
    grey = small.astype(np.float32)
    fine = (grey - cv2.GaussianBlur(grey, (0, 0), 2)).ravel()
    fine -= fine.mean()
    norm = np.linalg.norm(fine)
    return fine / norm if norm > 1e-3 else np.zeros_like(fine)


def _turn(small: np.ndarray, turn: int) -> np.ndarray:
    """Turn a picture by ``turn`` quarters; from 4 on, mirror it first."""
    return np.rot90(small[:, ::-1] if turn >= 4 else small, turn % 4)


def find_duplicates(prints: Sequence[Fingerprint]) -> list[Duplicate]:
    """Compare every picture with every other.

    Identical ones are paired with the first of their kind, which alone is
    compared further. Candidates are those whose hashes differ in at most
    MAX_BITS; the detail of both must then correlate by MIN_CORRELATION. Time
    grows with the square of the number of pictures; memory, beside them,
    does not grow.
    """
    firsts, found = {}, {}
    for number, fingerprint in enumerate(prints):
        first = firsts.setdefault(fingerprint.digest, number)
        if first != number:
            found[first, number] = Duplicate(first, number, identical=True)
    numbers = list(firsts.values())
    starts = range(0, len(numbers), BLOCK)
    for turn in range(8):
        for row in starts:
            rows = numbers[row:row + BLOCK]
            turned = [_turn(prints[n].small, turn) for n in rows]
            for column in starts[:row // BLOCK + 1]:
                columns = numbers[column:column + BLOCK]
                others = [prints[n].small for n in columns]
                for i, j in _compare(turned, others):
                    if columns[j] < rows[i]:
                        found.setdefault((columns[j], rows[i]), Duplicate(
                            columns[j], rows[i], False, turn > 0))
    return [found[pair] for pair in sorted(found)]


def _compare(pictures: Sequence[np.ndarray], others: Sequence[np.ndarray]
             ) -> Iterator[tuple[int, int]]:
    """Yield the numbers of those that are nearly the same."""
    # Bits as -1 and 1: their product is 64 - 2 * (bits that differ).
    bits, other_bits = ([2.0 * perceptual_hash(small) - 1 for small in group]
                        for group in (pictures, others))
    agreement = np.array(bits) @ np.array(other_bits).T
    rows, columns = np.nonzero(agreement >= 64 - 2 * MAX_BITS)
    if not len(rows):
        return
    few, row_of = np.unique(rows, return_inverse=True)
    few_others, column_of = np.unique(columns, return_inverse=True)
    correlation = (np.array([detail(pictures[i]) for i in few])
                   @ np.array([detail(others[i]) for i in few_others]).T)
    alike = correlation[row_of, column_of] >= MIN_CORRELATION
    yield from zip(rows[alike].tolist(), columns[alike].tolist())
