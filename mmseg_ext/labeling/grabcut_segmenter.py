"""GrabCut by OpenCV, started from what stands out."""
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

import cv2
import numpy as np

from .contrast import window_of
from .contrast_segmenter import ContrastSegmenter, Outline
from .quality import rate_masks
from .segmenter import Candidate, PromptSegmenter

# Above which fractions of the outline's level a pixel is sure to be
# foreground; GrabCut may take everything else away, and does so with thin
# objects.
CORES = (1.25, 1.5, 2.0)
ENLARGE = 2  # its borders cost too much around what is few pixels wide
LARGE = 500 * 500  # pixels; a region of that size is not enlarged
MARGIN = 8  # pixels of ordinary surface around the region


def _grab_cut(image: np.ndarray, trimap: np.ndarray) -> None:
    """Run one round of GrabCut on ``trimap`` in place, reproducibly."""
    models = np.zeros((2, 1, 65))

    def run() -> None:
        cv2.setRNGSeed(0)
        cv2.grabCut(image, trimap, None, *models, 1, cv2.GC_INIT_WITH_MASK)

    # OpenCV has one random generator for each thread: the caller's stays.
    with ThreadPoolExecutor(max_workers=1) as other_thread:
        other_thread.submit(run).result()


class GrabCutSegmenter(PromptSegmenter):
    """Mixtures of colours and a graph cut, from OpenCV.

    The best mask of a ContrastSegmenter is the first guess of the
    foreground, its strongest part sure foreground, what lies outside of the
    CAM's region sure background. Colours count, hue included. Three sizes
    of the sure foreground give three candidates, the geometric mean of
    stability and agreement with the CAM their score.

    Args:
        start: Gives the first guess. None: one with its defaults.

    Reference:
        Rother et al., *GrabCut*, SIGGRAPH 2004.
    """

    def __init__(self, start: Optional[ContrastSegmenter] = None) -> None:
        self.start = start or ContrastSegmenter()

    def _segment(self, image: np.ndarray, points: Sequence[tuple[int, int]],
                 cam: Optional[np.ndarray]) -> list[Candidate]:
        start = self.start.best_outline(image, points, cam)
        if start is None:
            return []
        smooth = cv2.GaussianBlur(image, (0, 0), 1)
        return rate_masks([_cut(smooth, start, core) for core in CORES],
                          start.weight, start.candidate.stability)


def _cut(image: np.ndarray, start: Outline, core: float) -> np.ndarray:
    mask, excess, weight, level = start.candidate.mask, *start[1:]
    trimap = np.full(mask.shape, cv2.GC_PR_BGD, np.uint8)
    trimap[weight == 0] = cv2.GC_BGD
    trimap[mask] = cv2.GC_PR_FGD
    trimap[mask & (excess > core * level)] = cv2.GC_FGD
    window = window_of(weight, MARGIN)
    height, width = mask[window].shape
    times = ENLARGE if height * width < LARGE else 1
    large = (times * width, times * height)
    labels = cv2.resize(trimap[window], large, interpolation=cv2.INTER_NEAREST)
    _grab_cut(
        cv2.resize(image[window], large, interpolation=cv2.INTER_CUBIC),
        labels)
    foreground = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))
    fraction = cv2.resize(foreground.astype(np.float32), (width, height),
                          interpolation=cv2.INTER_AREA)
    result = np.zeros(mask.shape, bool)
    result[window] = fraction >= 0.5
    return result
