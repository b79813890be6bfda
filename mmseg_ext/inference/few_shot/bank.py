"""What few labelled images show: cells, by what they stand for."""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmseg_ext.ops import (
    area_mask,
    cluster_prototypes,
    foreground_cells,
    prototype,
    subsample_cells,
)

CAP = 20000  # cells of a bank
BACKGROUNDS = 8  # prototypes of the background
IGNORED = 255
NOTHING = 1e-6  # of a cell: area sums leave rounding where nothing is


@dataclass(frozen=True)
class Cells:
    """The cells of one image.

    Attributes:
        features: (N, C), normalised.
        size: (rows, columns) of the grid; N is their product.
        covered: (N, K), how much of a cell each class covers, 0 to 1; the
            background is none of the K.
        chosen: (N, K) bool, which cells stand for a class.
        background: (N,) bool, which hold nothing but background.
        known: (N,) bool, of which everything is known.
    """
    features: Tensor
    size: tuple[int, int]
    covered: Tensor
    chosen: Tensor
    background: Tensor
    known: Tensor

    @classmethod
    def of(cls, features: Tensor, mask: Optional[np.ndarray],
           num_classes: int, cell: float) -> 'Cells':
        """Return those of an image.

        Args:
            features: (C, h, w).
            mask: (H, W) uint8, 0 for the background, 1 to ``num_classes``,
                255 where nobody knows; None: all background.
            num_classes: K.
            cell: Side of a cell in pixels of the mask.
        """
        size = tuple(features.shape[1:])
        found = features.flatten(1).T.contiguous()  # (C, h, w) -> (N, C)
        if mask is None:
            covered = found.new_zeros(len(found), num_classes)
            background = torch.ones(len(found), dtype=torch.bool,
                                    device=found.device)
            return cls(found, size, covered, covered > 0, background,
                       background)
        height, width = (math.ceil(side * cell) for side in size)
        mask = np.pad(mask, ((0, max(height - mask.shape[0], 0)),
                             (0, max(width - mask.shape[1], 0))), 'edge')
        grids = [torch.from_numpy(mask == value)[None].to(found.device)
                 for value in (*range(1, num_classes + 1), IGNORED)]
        parts = [area_mask(grid, size) for grid in grids]  # (1, h, w) each
        covered = torch.cat(parts[:-1]).flatten(1).T  # (N, K)
        chosen = torch.cat([foreground_cells(part) for part in parts[:-1]])
        return cls(found, size, covered, chosen.flatten(1).T,
                   sum(parts).flatten() < NOTHING,
                   parts[-1].flatten() < NOTHING)


@dataclass(frozen=True)
class Bank:
    """The cells of all labelled images.

    Attributes:
        foreground: Of each class, (M_k, C).
        covered: Of each class, (M_k,): how much of the cells it covers.
        background: (M, C), of these images and of good ones.
        shown: (M, C), of all classes and of their edges, which are in none
            of the others.
        parts: (M, K): how much of these each class covers.
    """
    foreground: tuple[Tensor, ...]
    covered: tuple[Tensor, ...]
    background: Tensor
    shown: Tensor
    parts: Tensor

    @classmethod
    def of(cls, images: Sequence[Cells], cap: int = CAP,
           seed: int = 0) -> 'Bank':
        """Return the bank of some images.

        Args:
            images: Good ones among them.
            cap: Most cells; the classes have at most half of them, in equal
                parts, and the background what is left.
            seed: Of the choice where there are more.
        """
        num_classes = images[0].covered.shape[1]
        most = max(cap // (2 * max(num_classes, 1)), 1)
        foreground, covered = zip(*(
            _draw(images, [one.chosen[:, k] for one in images], most, seed)
            for k in range(num_classes)))
        shown, parts = _draw(
            images, [one.known & ~one.background for one in images],
            cap // 2, seed)
        left = cap - max(sum(map(len, foreground)), len(shown))
        background, _ = _draw(
            images, [one.background for one in images], left, seed)
        return cls(foreground,
                   tuple(one[:, k] for k, one in enumerate(covered)),
                   background, shown, parts)

    @cached_property
    def keys(self) -> Tensor:
        """All cells, (M, C), for attention."""
        return torch.cat([self.shown, self.background])

    @cached_property
    def values(self) -> Tensor:
        """How much of each key each class covers, (M, K)."""
        return torch.cat([self.parts, self.parts.new_zeros(
            len(self.background), self.parts.shape[1])])

    @cached_property
    def prototypes(self) -> tuple[Tensor, Tensor]:
        """One of each class, (K, C), and those of the background."""
        own = torch.stack([
            prototype(cells, covered) if len(cells) else
            torch.zeros_like(self.background[0])
            for cells, covered in zip(self.foreground, self.covered)])
        return (F.normalize(own, dim=1),
                cluster_prototypes(self.background, BACKGROUNDS))


def _draw(images: Sequence[Cells], which: Sequence[Tensor], most: int,
          seed: int) -> tuple[Tensor, Tensor]:
    """Return cells, (M, C), and how much of each is covered, (M, K)."""
    # drawn together: its cover is more channels of a cell
    both = subsample_cells(torch.cat([
        torch.cat([one.features, one.covered], 1)[chosen]
        for one, chosen in zip(images, which)]), most, seed)
    return both.tensor_split([images[0].features.shape[1]], 1)
