"""How much of a mask a network keeps that predicts on a coarser grid."""
import cv2
import numpy as np


class Thinness:
    """Confusion of masks with themselves, seen at a stride.

    The fraction of each class in cells of ``stride`` x ``stride`` pixels,
    enlarged bilinearly, and of each pixel the largest: what would be left of
    a perfect prediction at that stride. Counted over many masks.

    Args:
        num_classes: Number of classes.
        stride: Pixels a side of a cell.
    """

    def __init__(self, num_classes: int, stride: int) -> None:
        self.stride = stride
        self.both = np.zeros(num_classes, np.int64)
        self.either = np.zeros(num_classes, np.int64)

    def add(self, labels: np.ndarray) -> None:
        """Count a mask.

        Args:
            labels: (H, W) class ids; others have no label.
        """
        height, width = labels.shape
        small = (max(width // self.stride, 1), max(height // self.stride, 1))
        best = np.full(labels.shape, -1, np.float32)
        kept = np.zeros(labels.shape, np.uint8)
        present = [class_id for class_id in range(len(self.both))
                   if (labels == class_id).any()]
        for class_id in present:  # one map at a time: masks may be huge
            of_class = (labels == class_id).astype(np.float32)
            fraction = cv2.resize(of_class, small,
                                  interpolation=cv2.INTER_AREA)
            fraction = cv2.resize(fraction, (width, height),
                                  interpolation=cv2.INTER_LINEAR)
            kept[fraction > best] = class_id
            np.maximum(best, fraction, out=best)
        labelled = labels < len(self.both)
        for class_id in present:
            true = labels == class_id
            seen = (kept == class_id) & labelled
            self.both[class_id] += np.count_nonzero(true & seen)
            self.either[class_id] += np.count_nonzero(true | seen)

    def iou(self) -> list[float]:
        """Return the IoU of each class, 0 to 1; nan of one that is absent."""
        with np.errstate(invalid='ignore'):
            return (self.both / self.either).tolist()
