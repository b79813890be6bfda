"""Thresholded local contrast: what stands out where the classifier looks."""
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

import numpy as np

from .contrast import local_contrast, region_around, standing_out, window_of
from .quality import cam_agreement, stability
from .segmenter import Candidate, PromptSegmenter

# In standard deviations of the surface; each a mask whose neighbours tell
# how stable it is. The outer two serve for that alone.
LEVELS = (1.0, 1.5, 2.5, 4.0, 6.5)
SEED = 1.5  # above its level a part of a mask has to reach this much further


class Scale(NamedTuple):
    """How to look for objects of a size.

    ``smooth``: in pixels. ``background``: fraction of the image's longer side,
    or None; see ``local_contrast``. ``trust``: factor of the score.
    """

    smooth: float
    background: Optional[float]
    trust: float


SCALES = dict(
    small=Scale(smooth=1.0, background=0.03, trust=1.0),
    # Shadows look like large objects: they have to be clearly better.
    large=Scale(smooth=2.0, background=None, trust=0.84))


class Outline(NamedTuple):
    """A candidate and what it was thresholded from.

    ``excess``: (H, W) float32, contrast in the object's direction (darker
    or brighter). ``weight``: of ``region_around``. ``level``: threshold.
    """

    candidate: Candidate
    excess: np.ndarray
    weight: np.ndarray
    level: float


class ContrastSegmenter(PromptSegmenter):
    """Keeps what is darker or brighter than the surface around it.

    The surface away from the CAM's region says what brightness and texture
    are ordinary; what deviates within the region by more than a threshold,
    in connection with something that deviates further, is the object. Both
    directions, each size and three thresholds give the candidates, the
    geometric mean of stability and agreement with the CAM their score. It
    needs no further package and looks at brightness alone, not at hue.

    Args:
        sizes: Of the objects. 'small': narrower than about 4 % of the
            image's longer side, such as cracks and spots; shading and stains
            around them are evened out. 'large': of any size, on an evenly
            lit surface.

    Raises:
        ValueError: If ``sizes`` names none or another.
    """

    def __init__(self, sizes: Sequence[str] = ('small', 'large')) -> None:
        if not sizes or not set(sizes) <= set(SCALES):
            raise ValueError(f'sizes={sizes!r}: must be a list of some of '
                             f'{", ".join(SCALES)}.')
        self.sizes = tuple(sizes)

    def _segment(self, image: np.ndarray, points: Sequence[tuple[int, int]],
                 cam: Optional[np.ndarray]) -> list[Candidate]:
        return [outline.candidate
                for outline in self.outlines(image, points, cam)]

    def best_outline(
            self,
            image: np.ndarray,
            points: Sequence[tuple[int, int]],
            cam: Optional[np.ndarray] = None) -> Optional[Outline]:
        """Return the outline of the best score; None if nothing stands out.

        For segmenters that start from it.
        """
        found = [outline for outline in self.outlines(image, points, cam)
                 if outline.candidate.mask.any()]
        return max(found, key=lambda outline: outline.candidate.score,
                   default=None)

    def outlines(self,
                 image: np.ndarray,
                 points: Sequence[tuple[int, int]],
                 cam: Optional[np.ndarray] = None) -> Iterator[Outline]:
        """Yield the candidates with the contrast that they come from."""
        weight = region_around(points, image.shape[:2], cam)
        if not weight.any():
            return
        window = window_of(weight)
        for scale in map(SCALES.get, self.sizes):
            background = scale.background and (
                scale.background * max(weight.shape))
            contrast = local_contrast(image, weight, scale.smooth, background)
            for excess in (-contrast, contrast):
                masks = [np.zeros(weight.shape, bool) for _ in LEVELS]
                for mask, level in zip(masks, LEVELS):
                    mask[window] = standing_out(excess[window], weight[window],
                                                level, level + SEED)
                for i in range(1, len(LEVELS) - 1):
                    steady = stability(masks[i], masks[i - 1:i + 2:2])
                    agreement = cam_agreement(masks[i], weight)
                    score = scale.trust * (steady * agreement)**0.5
                    yield Outline(Candidate(masks[i], score, steady), excess,
                                  weight, LEVELS[i])
