"""How confident a model is of each pixel, and which pixels it keeps."""
import numpy as np

from mmseg_ext.inference.probabilities import STEPS, probabilities_of
from mmseg_ext.inference.tiling import decide

LEVELS = STEPS + 1
PIXELS = 2**20  # counted at once
NO_LABEL = 255


def confidence_of(logits: np.ndarray) -> np.ndarray:
    """Return the probability of the class that is predicted.

    Args:
        logits: (C, H, W), see :meth:`~mmseg_ext.inference.LogitModel.logits`.

    Returns:
        (H, W) uint16, 65535: certain.
    """
    found = np.take_along_axis(
        probabilities_of(logits), decide(logits)[None].astype(np.intp), 0)[0]
    return np.rint(STEPS * found.clip(0, 1)).astype(np.uint16)


def count_confidences(counts: np.ndarray, ids: np.ndarray,
                      confidences: np.ndarray) -> None:
    """Add the pixels of an image to the histogram of all images.

    Args:
        counts: (C, 65536) int64, changed in place.
        ids: (H, W) uint8, class ids.
        confidences: (H, W) uint16, see :func:`confidence_of`.
    """
    ids, confidences = ids.ravel(), confidences.ravel()
    for first in range(0, len(ids), PIXELS):
        part = slice(first, first + PIXELS)
        cells = ids[part].astype(np.int64) * LEVELS + confidences[part]
        counts += np.bincount(cells, minlength=counts.size).reshape(
            counts.shape)


def level_of(threshold: float) -> int:
    """Return the least confidence, 0 to 65535, that reaches a threshold."""
    return int(np.ceil(threshold * STEPS))


def class_thresholds(counts: np.ndarray, threshold: float,
                     per_class: float) -> np.ndarray:
    """Return the least confidence of each class that makes a pseudo-label.

    It is the quantile of the confidences of the pixels that are predicted as
    the class, and ``threshold`` where that is less, so that a class that the
    model is never sure of keeps its surest pixels.

    Args:
        counts: (C, 65536), see :func:`count_confidences`.
        threshold: Greatest confidence to ask for, between 0 and 1.
        per_class: The quantile, 0: all pixels, 1: the surest alone.

    Returns:
        (C,) int64, 0 to 65535; of classes that are predicted nowhere it is
        that of ``threshold``.

    Reference:
        Zou et al., Unsupervised domain adaptation for semantic segmentation
        via class-balanced self-training, ECCV 2018, algorithm 2.
    """
    cap = level_of(threshold)
    found = np.full(len(counts), cap)
    for i, row in enumerate(counts):
        total = int(row.sum())
        if total:
            rank = max(int(np.ceil(per_class * total)), 1)
            found[i] = min(int(np.searchsorted(row.cumsum(), rank)), cap)
    return found


def keep_confident(ids: np.ndarray, confidences: np.ndarray,
                   thresholds: np.ndarray) -> np.ndarray:
    """Return class ids, (H, W) uint8, 255 below the thresholds.

    Args:
        ids: (H, W) uint8, class ids.
        confidences: (H, W) uint16, see :func:`confidence_of`.
        thresholds: (C,), see :func:`class_thresholds`.
    """
    return np.where(confidences >= thresholds[ids], ids, np.uint8(NO_LABEL))
