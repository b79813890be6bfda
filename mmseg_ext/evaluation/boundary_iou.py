"""Boundary IoU: how well contours are met, whatever is inside of them."""
import math
from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable

from mmseg_ext.basics.arguments import check_at_least

from .labels import checked_labels
from .pooled import average_seeds, mean_defined

DILATION = 0.02  # of the image's diagonal


def boundary_width(height: int, width: int,
                   dilation: float = DILATION) -> int:
    """Return how many pixels deep a boundary region is, at least 1.

    Args:
        height: Of the image, in pixels.
        width: The same.
        dilation: Fraction of the image's diagonal.
    """
    return max(1, round(dilation * math.hypot(height, width)))


def boundary_of(labels: np.ndarray, depth: int,
                ignored: Optional[np.ndarray] = None) -> np.ndarray:
    """Mark the pixels of each class that lie near its contour.

    Those from which another class, or what is beyond the image, is at most
    ``depth`` pixels away in Chebyshev distance. That is each class's mask
    without its erosion by 3 x 3 pixels, ``depth`` times, in an image padded
    with zeros; here of all classes at once, by the largest and the smallest
    class of a window. Ignored pixels are no other class: the border of an
    ignored region is no boundary.

    Args:
        labels: Class ids, not negative.
        depth: In pixels.
        ignored: True where there is no label; what ``labels`` holds there
            has no influence.

    Returns:
        True in the boundary region of a pixel's own class; of ignored
        pixels it means nothing.

    Shape:
        - labels, ignored: (H, W)
        - output: (H, W) bool

    Reference:
        https://github.com/bowenc0221/boundary-iou-api, commit 8006aa9,
        boundary_iou/utils/boundary_utils.py, lines 12 to 29; line 24 pads.
    """
    labels = np.asarray(labels)
    # OpenCV filters these two, and one is enough for nearly every data set.
    kind = np.uint8 if labels.max(initial=0) < 255 else np.uint16
    low = high = labels.astype(kind)
    if ignored is not None:
        low = np.where(ignored, np.iinfo(kind).max, low).astype(kind)
        high = np.where(ignored, 0, high).astype(kind)
    window = np.ones((2 * depth + 1, 2 * depth + 1), np.uint8)
    inside = cv2.erode(low, window) == cv2.dilate(high, window)
    inside[:depth] = inside[-depth:] = False
    inside[:, :depth] = inside[:, -depth:] = False
    return ~inside


def count_boundaries(pred: np.ndarray,
                     truth: np.ndarray,
                     num_classes: int,
                     dilation: float = DILATION,
                     ignore_index: int = 255) -> np.ndarray:
    """Count the pixels of each class's boundary regions.

    Pixels that the ground truth ignores are counted nowhere, and what is
    predicted there has no influence on others.

    Args:
        pred: (H, W) predicted class ids.
        truth: (H, W) true class ids or ``ignore_index``.
        num_classes: Number of classes.
        dilation: See :func:`boundary_width`.
        ignore_index: Value of pixels without a label.

    Returns:
        (3, num_classes) int64: pixels of the intersection, the predicted
        and the true boundary region.
    """
    ignored = truth == ignore_index
    depth = boundary_width(*truth.shape, dilation)
    without = ignored if ignored.any() else None
    near_pred, near_truth = (
        boundary_of(np.where(ignored, 0, labels), depth, without) & ~ignored
        for labels in (pred, truth))
    both = near_pred & near_truth & (pred == truth)
    return np.stack([
        np.bincount(labels[counted], minlength=num_classes)
        for labels, counted in ((truth, both), (pred, near_pred),
                                (truth, near_truth))])


def boundary_iou(counts: np.ndarray) -> np.ndarray:
    """Return the Boundary IoU of each class.

    Args:
        counts: (..., 3, num_classes), see :func:`count_boundaries`; those of
            several images are added first, as mIoU's are.

    Returns:
        (..., num_classes), 0 to 1; nan for a class without a boundary.

    Reference:
        Cheng et al., Boundary IoU: Improving Object-Centric Image
        Segmentation Evaluation, 2021, equation 1.
    """
    both, pred, truth = np.moveaxis(np.asarray(counts, np.float64), -2, 0)
    union = pred + truth - both
    return np.divide(both, union, out=np.full_like(both, np.nan),
                     where=union > 0)


def pooled_boundary_iou(counts: np.ndarray) -> np.ndarray:
    """Return the Boundary IoU of all images' regions together, and the mean.

    Args:
        counts: (..., num_images, num_seeds, 3, num_classes), see
            :func:`count_boundaries`. Each seed is pooled by itself, and the
            seeds are averaged.

    Returns:
        (..., num_classes + 1), 0 to 1: of each class, and their mean.
    """
    return average_seeds(boundary_iou(counts.sum(-4)))


@METRICS.register_module()
class BoundaryIoUMetric(BaseMetric):
    """Boundary IoU of a test set, of all images' boundary regions together.

    Results (percent): ``mBoundaryIoU`` and ``BoundaryIoU.<class>``. nan: the
    class is neither in the ground truth nor in the prediction of any image;
    it has no part in the mean. An image's own border is a boundary of the
    classes that touch it, as in the original; the border of an ignored
    region is none.

    Args:
        dilation: Depth of the boundary regions as a fraction of the image's
            diagonal, at least one pixel.
        ignore_index: Value of pixels without a label, counted nowhere.
        collect_device: Where results of several processes are collected,
            'cpu' or 'gpu'.
        prefix: Prefix of the results' names.

    Raises:
        ValueError: If ``dilation`` is negative, or the ground truth or the
            prediction holds a value outside the classes.

    Reference:
        Cheng et al., Boundary IoU: Improving Object-Centric Image
        Segmentation Evaluation, 2021.
    """

    def __init__(self,
                 dilation: float = DILATION,
                 ignore_index: int = 255,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix)
        check_at_least(0, dilation=dilation)
        self.dilation = dilation
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        num_classes = len(self.dataset_meta['classes'])
        for data_sample in data_samples:
            pred, truth = (labels.cpu().numpy() for labels in checked_labels(
                data_sample, num_classes, self.ignore_index))
            self.results.append(count_boundaries(
                pred, truth, num_classes, self.dilation, self.ignore_index))

    def compute_metrics(self, results: list) -> dict[str, float]:
        values = 100 * boundary_iou(sum(results))
        table = PrettyTable(['Class', 'Boundary IoU (%)'])
        metrics = {'mBoundaryIoU': mean_defined(values)}
        for label, value in zip(self.dataset_meta['classes'], values):
            metrics[f'BoundaryIoU.{label}'] = value
            table.add_row([label, f'{value:.2f}'])
        print_log(f'\n{table}', logger=MMLogger.get_current_instance())
        return {name: round(float(v), 2) for name, v in metrics.items()}
