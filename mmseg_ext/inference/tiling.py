"""Predict an image of any size in overlapping tiles."""
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

import numpy as np

from mmseg_ext.basics.arguments import check_at_least

CHUNK = 64  # rows whose classes are decided at a time


@dataclass(frozen=True)
class Tiling:
    """How an image is cut into tiles.

    Attributes:
        tile: (height, width) of a tile in pixels. Tiles at the lower and
            right edge can be smaller, by less than ``align``; an image that
            is smaller is one tile.
        overlap: Least number of rows and of columns, in pixels, that
            neighbours share. A quarter of it at each inner edge of a tile is
            not used; over the half in the middle one tile fades into the
            other.
        batch: Tiles that the network sees at once.
        align: Tiles begin at multiples of it, in pixels. With a multiple of
            the network's stride, its grid lies in a tile as it lies in the
            whole image.

    Raises:
        ValueError: If an argument is out of its range.
    """
    tile: tuple[int, int] = (1024, 1024)
    overlap: tuple[int, int] = (128, 128)
    batch: int = 1
    align: int = 32

    def __post_init__(self) -> None:
        if self.align < 1 or min(self.tile) < self.align:
            raise ValueError(f'tile={self.tile}: must be at least '
                             f'{max(self.align, 1)} pixels high and wide')
        if any(not 0 <= overlap <= min(tile // 2, tile - self.align)
               for overlap, tile in zip(self.overlap, self.tile)):
            raise ValueError(f'overlap={self.overlap}: must be from 0 to half '
                             f'of a tile, which is {self.tile}, and '
                             f'{self.align} less than a tile')
        check_at_least(1, batch=self.batch)

    def starts(self, height: int, width: int) -> list[list[int]]:
        """Return the first rows of the tiles, and the first columns."""
        return [
            tile_starts(length, tile, overlap, self.align)
            for length, tile, overlap in zip(
                (height, width), self.tile, self.overlap)
        ]

    def count(self, height: int, width: int) -> int:
        """Return the number of tiles of an image."""
        tops, lefts = self.starts(height, width)
        return len(tops) * len(lefts)


def tile_starts(length: int, tile: int, overlap: int,
                align: int = 1) -> list[int]:
    """Return where tiles begin along one side of an image.

    Args:
        length: Of the image's side, in pixels.
        tile: Of the tile's side, in pixels.
        overlap: Least that neighbours share, in pixels.
        align: The starts are multiples of it; at most ``tile - overlap``.

    Returns:
        The first is 0; from the last to the image's end it is ``tile`` or
        less than ``align`` fewer.
    """
    if tile >= length:
        return [0]
    step = (tile - overlap) // align * align
    # aligned, so that no more than a tile is left
    last = -(-(length - tile) // align) * align
    return [*range(0, last, step), last]


def blend_weights(length: int, starts: list[int], tile: int,
                  overlap: int) -> list[np.ndarray]:
    """Return the fraction that each tile has in each pixel, along one side.

    From an inner edge of a tile inwards: 0 over a quarter of the overlap,
    where the network misses what lies beyond the edge; half a period of a
    squared sine (Hann's window) over half of it; then 1. All this is divided
    by the sum over the tiles. Fractions along both sides multiply.

    Args:
        length: Of the image's side, in pixels.
        starts: Of the tiles, see :func:`tile_starts`.
        tile: Of the tile's side, in pixels.
        overlap: Least that neighbours share, in pixels; at most half of
            ``tile``.

    Returns:
        For each tile (min(tile, length - start),) float32; what the tiles
        give to a pixel adds up to 1.
    """
    unused = overlap // 4
    ramp = overlap - 2 * unused
    rise = np.concatenate([
        np.zeros(unused),
        np.sin(np.pi / 2 * (np.arange(ramp) + 0.5) / max(ramp, 1))**2
    ])
    total, weights = np.zeros(length), []
    for start in starts:
        weight = np.ones(min(tile, length - start))
        if start != starts[0]:
            weight[:len(rise)] *= rise
        if start != starts[-1]:
            weight[len(weight) - len(rise):] *= rise[::-1]
        total[start:start + len(weight)] += weight
        weights.append(weight)
    return [(weight / total[start:start + len(weight)]).astype(np.float32)
            for start, weight in zip(starts, weights)]


def decide(logits: np.ndarray) -> np.ndarray:
    """Return the class of every pixel.

    Args:
        logits: (C, H, W).

    Returns:
        (H, W) uint8, the class of the largest logit.

    Raises:
        ArithmeticError: If a logit is nan, which is larger than none.
    """
    if np.isnan(logits.min()):
        raise ArithmeticError(
            'its logits are no numbers (nan) somewhere, and tell no class')
    return logits.argmax(0).astype(np.uint8)


def predict_tiled(
        logits: Callable[[np.ndarray], np.ndarray],
        image: np.ndarray,
        num_classes: int,
        tiling: Tiling,
        progress: Optional[Callable[[int, int], None]] = None,
        keep: Optional[Callable[[int, np.ndarray], None]] = None
        ) -> np.ndarray:
    """Return the class of every pixel, from overlapping tiles.

    Rows of tiles are worked off from top to bottom. Logits are kept for one
    row of tiles alone, num_classes x tile height x image width in float32,
    and become classes as soon as no later tile adds to them. Memory is that
    of a batch of tiles, this strip and a byte a pixel. MONAI's
    ``sliding_window_inference`` and mmseg's ``slide_inference`` are not used
    for that reason: both hold the logits of the whole image (2.9 GB for five
    classes of 12000 x 12000 pixels), and the latter pads every tile to its
    size.

    A pixel gets the logits of whole-image prediction, seams included, if no
    output of the network depends on anything farther away than a quarter of
    the overlap, and ``align`` and the image's sides are multiples of its
    stride (mmseg stretches the logits of other sides by part of a stride).

    Args:
        logits: (B, H, W, 3) uint8 -> (B, num_classes, H, W) float32, which
            is written to.
        image: (H, W, 3) uint8.
        num_classes: Number of classes, at most 256.
        tiling: Size, overlap and batch of the tiles.
        progress: Called with the number of tiles done, and of all.
        keep: Called with the number of a row, and the blended logits of some
            rows from there on, (num_classes, h, W), before they are
            forgotten.

    Returns:
        (H, W) uint8, class ids.
    """
    height, width = image.shape[:2]
    tops, lefts = tiling.starts(height, width)
    row_weights, col_weights = (
        blend_weights(length, starts, tile, overlap)
        for length, starts, tile, overlap in zip(
            (height, width), (tops, lefts), tiling.tile, tiling.overlap))
    classes = np.empty((height, width), np.uint8)
    strip = np.zeros((num_classes, len(row_weights[0]), width), np.float32)
    tiles_done = 0
    for i, top in enumerate(tops):
        rows = len(row_weights[i])
        for columns in _batches(col_weights, tiling.batch):
            cols = len(col_weights[columns[0]])
            found = logits(np.stack([
                image[top:top + rows, lefts[j]:lefts[j] + cols]
                for j in columns
            ]))  # (B, C, rows, cols)
            for j, tile in zip(columns, found):
                tile *= np.outer(row_weights[i], col_weights[j])
                strip[:, :rows, lefts[j]:lefts[j] + cols] += tile
            tiles_done += len(columns)
            if progress is not None:
                progress(tiles_done, len(tops) * len(lefts))
        # rows that no later tile adds to
        done = (tops[i + 1] if i + 1 < len(tops) else height) - top
        for first in range(0, done, CHUNK):
            last = min(first + CHUNK, done)
            classes[top + first:top + last] = decide(strip[:, first:last])
            if keep is not None:
                keep(top + first, strip[:, first:last])
        kept = strip.shape[1] - done
        strip[:, :kept] = strip[:, done:]
        strip[:, kept:] = 0
    return classes


def _batches(weights: list[np.ndarray], size: int) -> list[list[int]]:
    """Return the tiles of a row in batches of one width."""
    whole = [j for j, weight in enumerate(weights)
             if len(weight) == len(weights[0])]
    batches = [whole[j:j + size] for j in range(0, len(whole), size)]
    if len(whole) < len(weights):  # the last one is narrower
        batches.append([len(weights) - 1])
    return batches
