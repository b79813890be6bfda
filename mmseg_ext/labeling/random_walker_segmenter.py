"""The random walker by scikit-image, started from what stands out."""
from collections.abc import Sequence
from typing import Optional

import numpy as np

from mmseg_ext.engine import require_extra

from .contrast import window_of
from .contrast_segmenter import ContrastSegmenter
from .quality import rate_masks
from .segmenter import Candidate, PromptSegmenter

# Excess, as fractions of the outline's level, that makes a pixel a seed.
FOREGROUND, BACKGROUND = 1.5, 0.5
PROBABILITIES = (0.3, 0.5, 0.7)  # thresholds, each a candidate
MARGIN = 8  # pixels of ordinary surface around the region


class RandomWalkerSegmenter(PromptSegmenter):
    """The random walker, from scikit-image.

    Of the best mask of a ContrastSegmenter the strongest part becomes the
    object's seeds, what hardly deviates from the surface or lies outside of
    the CAM's region the background's; a pixel belongs to the seeds that a
    random walker which avoids edges reaches first. Three thresholds of its
    probability give three candidates, the geometric mean of stability and
    agreement with the CAM their score.

    Args:
        beta: How much the walker avoids edges.
        start: Gives the first guess. None: one with its defaults.

    Raises:
        ImportError: If scikit-image is missing.

    Reference:
        Grady, *Random Walks for Image Segmentation*, PAMI 2006.
    """

    def __init__(self,
                 beta: float = 50,
                 start: Optional[ContrastSegmenter] = None) -> None:
        require_extra('skimage.segmentation', 'labeling')
        self.beta = beta
        self.start = start or ContrastSegmenter()

    def _segment(self, image: np.ndarray, points: Sequence[tuple[int, int]],
                 cam: Optional[np.ndarray]) -> list[Candidate]:
        from skimage.segmentation import random_walker

        start = self.start.best_outline(image, points, cam)
        if start is None:
            return []
        excess, level = start.excess, start.level
        inner = start.candidate.mask & (excess > FOREGROUND * level)
        outer = (excess < BACKGROUND * level) | (start.weight == 0)
        seeds = np.where(inner, 1, np.where(outer, 2, 0))
        window = window_of(start.weight, MARGIN)
        probability = inner.astype(float)
        # Without an undecided pixel there is nothing to solve.
        if (seeds[window] == 0).any():
            inside = np.clip(excess[window], -4 * level, 8 * level)
            # Its solver is inexact near 0 and 1, where no threshold lies.
            probability[window] = random_walker(
                inside / inside.std(), seeds[window], self.beta,
                mode='cg_j', return_full_prob=True, prob_tol=0.05)[0]
        return rate_masks([probability > least for least in PROBABILITIES],
                          start.weight, start.candidate.stability)
