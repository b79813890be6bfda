"""One mask out of a segmenter's candidates, or the reason for none."""
from collections.abc import Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np

from .segmenter import Candidate


class Selection(NamedTuple):
    """A chosen candidate, or None and why there is none."""

    candidate: Optional[Candidate]
    reason: str


def keep_near(mask: np.ndarray, points: Sequence[tuple[int, int]],
              distance: float) -> np.ndarray:
    """Keep the connected parts of a mask that come near a point.

    Args:
        mask: (H, W) bool.
        points: (row, column) in pixels.
        distance: Greatest distance of a part to a point in pixels; 0: the
            part contains it.
    """
    away = np.ones(mask.shape, np.uint8)
    for row, col in points:
        away[row, col] = 0
    near = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.isin(labels, np.unique(labels[mask & (near <= distance)]))


def select_mask(candidates: Sequence[Candidate],
                points: Sequence[tuple[int, int]],
                min_area: float = 1e-4,
                max_area: float = 0.3,
                min_score: float = 0.0,
                max_distance: Optional[float] = None) -> Selection:
    """Choose the best candidate of a plausible area.

    With a single point, SAM often takes an even surface for the object; its
    part then has the lower score and the right size.

    Args:
        candidates: What a segmenter proposes.
        points: Its prompt, (row, column) in pixels.
        min_area: Least area as a fraction of the image.
        max_area: Greatest area as a fraction of the image; 0.3: the largest
            defect of KolektorSDD2.
        min_score: Least score of the segmenter.
        max_distance: Only those parts of a mask count that come this near a
            point, in pixels; 0: that contain one. A cell of a CAM is a
            sensible one for its peaks, which seldom hit a thin crack. None:
            all parts count.

    Returns:
        The candidate, reduced to the parts that count, and an empty reason;
        or None and the reason in words.

    Raises:
        ValueError: If the bounds of the area are not in order.
    """
    if not 0 <= min_area < max_area <= 1:
        raise ValueError(f'min_area={min_area}, max_area={max_area}: must '
                         'be fractions of the image, the first the smaller.')
    if not points:
        return Selection(None, 'no prompt point')
    if not candidates:
        return Selection(None, 'nothing stands out at the point')
    refused = []
    for candidate in sorted(candidates, key=lambda one: -one.score):
        if max_distance is not None:
            candidate = candidate._replace(
                mask=keep_near(candidate.mask, points, max_distance))
        area = candidate.mask.mean()
        if not candidate.mask.any():
            refused.append('not at the point')
        elif area < min_area:
            refused.append(f'{area:.3%} of the image, too small')
        elif area > max_area:
            refused.append(f'{area:.3%} of the image, too large')
        elif candidate.score < min_score:
            refused.append(f'a score of {candidate.score:.2f}, too low')
        else:
            return Selection(candidate, '')
    return Selection(None, 'no plausible mask: ' + '; '.join(refused))
