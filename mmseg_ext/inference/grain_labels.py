"""One number for each grain or particle of a phase, touching or not."""
import cv2
import numpy as np

from mmseg_ext.basics.extras import require_extra

# By how much, in pixels, the middle of a grain must be farther from the edge
# than the neck that it shares with another; MorphoLibJ's default.
DYNAMIC = 1.0


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
        (H, W) int32, 0 outside the phase, grains from 1 in raster order of
        their first pixel or maximum.

    Raises:
        ImportError: If scikit-image is needed and missing.
    """
    member = np.ascontiguousarray(phase).view(np.uint8)
    labels = cv2.connectedComponents(member, connectivity=8)[1]
    if not split or not member.any():
        return labels
    require_extra('skimage.segmentation', 'grains')
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    # the border of the image is no edge of the phase
    padded = np.pad(member, 1, mode='edge')
    distance = cv2.distanceTransform(
        padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    markers = cv2.connectedComponents(
        h_maxima(distance, DYNAMIC).astype(np.uint8), connectivity=8)[1]
    # h_maxima finds none in parts that are lower than it
    low = labels * ~np.isin(labels, np.unique(labels[markers > 0]))
    markers = np.where(low > 0, low + markers.max(), markers)
    return watershed(-distance, markers, connectivity=2,
                     mask=phase).astype(np.int32)
