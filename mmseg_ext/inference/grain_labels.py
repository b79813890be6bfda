"""One number for each grain or particle of a phase, touching or not."""
import cv2
import numpy as np

from mmseg_ext.basics.extras import require_extra

# By how much, in pixels, the middle of a grain must be farther from the edge
# than the neck that it shares with another; MorphoLibJ's default.
DYNAMIC = 1.0
NECK = 1.0  # the distance in the narrowest neck, a pixel wide


def label_grains(phase: np.ndarray, split: bool = False) -> np.ndarray:
    """Number the connected parts of a phase, or the grains in them.

    Split parts: watershed on the distance to the phase's edge, from its
    maxima that rise more than a pixel above the neck to a higher one. Grains
    are told apart by their outline alone, so that two that share a long
    boundary stay one.

    Args:
        phase: (H, W) bool.
        split: Whether to separate what touches.

    Returns:
        (H, W) int32, 0 outside the phase, grains from 1.

    Raises:
        ImportError: If scikit-image is needed and missing.
    """
    member = np.ascontiguousarray(phase).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        member, connectivity=8)
    if not split or count == 1:
        return labels
    require_extra('skimage.segmentation', 'grains')

    # the border of the image is no edge of the phase
    padded = np.pad(member, 1, mode='edge')
    distance = cv2.distanceTransform(
        padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    found, grains = np.zeros_like(labels), 0
    for part in range(1, count):
        left, top, width, height, _ = stats[part]
        box = np.s_[top:top + height, left:left + width]
        own = labels[box] == part
        numbers = _split(np.where(own, distance[box], 0), own)
        found[box][own] = numbers[own] + grains
        grains += int(numbers.max())
    return found


def _split(distance: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Number the grains of one connected part from 1."""
    from skimage.morphology import local_maxima, reconstruction
    from skimage.segmentation import watershed

    if distance.max() <= NECK + DYNAMIC:
        return part.astype(np.int32)
    # not h_maxima: of a dome it returns every pixel at the top, and equal
    # ones on a ridge that do not touch would be grains of their own
    tops = local_maxima(reconstruction(distance - DYNAMIC, distance),
                        connectivity=2) & part
    count, markers = cv2.connectedComponents(
        tops.astype(np.uint8), connectivity=8)
    if count <= 2:  # with what is no top
        return part.astype(np.int32)
    return watershed(-distance, markers, connectivity=2, mask=part)
