"""How good a mask is, judged without the ground truth."""
from collections.abc import Iterable, Sequence
from typing import Optional

import cv2
import numpy as np

from .segmenter import Candidate

CELL = 1 / 40  # blur of a mask before it meets a CAM, as fraction of the side


def stability(mask: np.ndarray, varied: Iterable[np.ndarray]) -> float:
    """Return the mean IoU of a mask with its variations, 0 to 1.

    A mask with clear borders hardly changes when the threshold that made it
    moves; one that follows noise does.

    Args:
        mask: (H, W) bool.
        varied: Masks that the segmenter gives for a moved threshold or
            other seeds; each (H, W) bool.

    Reference:
        Kirillov et al., *Segment Anything*, 2023: the stability score.
    """
    fractions = [(mask & other).sum() / max((mask | other).sum(), 1)
                 for other in varied]
    return float(np.mean(fractions))


def cam_agreement(mask: np.ndarray, cam: np.ndarray) -> float:
    """Return how well a mask covers what the classifier saw, 0 to 1.

    The cosine between the map and the mask blurred to the map's coarseness:
    1 if the map is the blurred mask times a factor; small if the mask holds
    a part of the activation, or lies elsewhere.

    Shape:
        mask: (H, W) bool. cam: (H, W), 0 or more.
    """
    blurred = cv2.GaussianBlur(
        mask.astype(np.float32), (0, 0), CELL * max(mask.shape))
    norm = np.linalg.norm(blurred) * np.linalg.norm(cam)
    return float((blurred * cam).sum() / norm) if norm > 0 else 0.0


def rate_masks(masks: Sequence[np.ndarray],
               cam: np.ndarray,
               start: float = 1.0) -> list[Candidate]:
    """Make candidates of one method's masks for several thresholds.

    Each is as stable as it agrees with the others; its score is the
    geometric mean of stability and agreement with the CAM.

    Args:
        masks: Two or more, each (H, W) bool.
        cam: (H, W), 0 or more.
        start: Stability of what the method started from. The result is no
            more certain than that, so it multiplies the stability.
    """
    rated = []
    for mask in masks:
        others = [other for other in masks if other is not mask]
        steady = start * stability(mask, others)
        score = (steady * cam_agreement(mask, cam))**0.5
        rated.append(Candidate(mask, score, steady))
    return rated


def mask_quality(candidate: Candidate,
                 cam: Optional[np.ndarray] = None) -> float:
    """Return a quality score that rises with the mask's IoU, 0 to 1.

    The geometric mean of the segmenter's own score, the mask's stability
    and its agreement with the CAM. It orders masks for review; it is no
    estimate of the IoU itself.

    Args:
        candidate: Mask with the segmenter's score.
        cam: Class activation map at the mask's size. None: the first two
            alone.
    """
    parts = [candidate.score, candidate.stability]
    if cam is not None:
        parts.append(cam_agreement(candidate.mask, cam))
    return float(np.prod(np.clip(parts, 0, 1))**(1 / len(parts)))
