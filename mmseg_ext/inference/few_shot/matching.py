"""An encoder and a matcher: images to cells, cells to scores of pixels."""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .bank import CAP, Bank, Cells
from .encoder import FrozenEncoder
from .matchers import MATCHERS, TRAINED


@dataclass(frozen=True)
class Matching:
    """How images are compared.

    Attributes:
        encoder: Of all of them.
        matcher: One of ``MATCHERS``, or 'trained', the encoder's head.
        num_classes: But for the background.
        scale: Images are enlarged by this before.
        cap: Most cells of a bank.
        seed: Of the choice where there are more.
    """
    encoder: FrozenEncoder
    matcher: str
    num_classes: int
    scale: float = 1.0
    cap: int = CAP
    seed: int = 0

    @property
    def cell(self) -> float:
        """Side of a cell, in pixels of an image."""
        return self.encoder.stride / self.scale

    def look(self, image: np.ndarray,
             mask: Optional[np.ndarray] = None) -> Cells:
        """Return the cells of an image, see :class:`Cells`."""
        return Cells.of(self.encoder.features(image, self.scale), mask,
                        self.num_classes, self.cell)

    def bank(self, images: Sequence[Cells]) -> Bank:
        """Return the bank of some images."""
        return Bank.of(images, self.cap, self.seed)

    @torch.no_grad()
    def score(self, cells: Cells, bank: Bank) -> Tensor:
        """Return the scores of an image's cells, (K, h, w)."""
        if self.matcher == TRAINED:
            # (N, C) -> (C, h, w)
            x = cells.features.T.unflatten(1, cells.size)
            return torch.stack([
                self.encoder.head.score_map(x, *one, bank.background)
                for one in zip(bank.foreground, bank.covered)])
        found = MATCHERS[self.matcher](cells.features, bank)
        return found.T.unflatten(1, cells.size)  # (N, K) -> (K, h, w)

    def at_pixels(self, scores: Tensor, size: tuple[int, int]) -> Tensor:
        """Return scores of pixels, (K, h, w) -> (K, *size)."""
        whole = [math.ceil(side * self.cell) for side in scores.shape[1:]]
        found = F.interpolate(scores[None], whole, mode='bilinear',
                              align_corners=False)[0]
        return found[:, :size[0], :size[1]]
