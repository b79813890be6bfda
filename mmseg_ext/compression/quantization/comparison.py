"""Whether a compressed model says the same as the one it was made of."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import cv2
import numpy as np

from mmseg_ext.basics import read_bytes
from mmseg_ext.inference import LogitModel, predict
from mmseg_ext.inference.preparation import Preparation

IGNORED = 255  # value of pixels without a label
NEAR = 2  # pixels to either side of a boundary


@dataclass(frozen=True)
class Sample:
    """An image file, and its label where there is one.

    Attributes:
        path: Of the image.
        label: Returns the class ids, (H, W) uint8, 255 where there is none;
            None: no label.
    """
    path: Path
    label: Optional[Callable[[], np.ndarray]] = None

    def read(self, preparation: Preparation
             ) -> tuple[np.ndarray, Optional[np.ndarray]]:
        """Return the image as it is predicted, and its label.

        Rows below the label are cut off the image.

        Raises:
            ValueError: If the file is no image, or the label's size is
                another.
        """
        image, _ = preparation.read(self.path, read_bytes(self.path))
        if self.label is None:
            return image, None
        label = self.label()
        image = image[:len(label)]
        if image.shape[:2] != label.shape:
            raise ValueError(
                f'{self.path}: {image.shape[0]} x {image.shape[1]} pixels are '
                f'predicted, and its label has {label.shape[0]} x '
                f'{label.shape[1]}. The file was exported with another '
                'crop_bottom than the config has')
        return image, label


@dataclass(frozen=True)
class Agreement:
    """How two models' classes compare.

    Attributes:
        images: Number of images.
        percent: Pixels of the same class, of 100.
        percent_near: The same within ``NEAR`` pixels of the first model's
            boundaries; None: it has none.
        fraction_difference: Largest difference of a class's fraction in all
            pixels, in percentage points.
        fraction_difference_of_an_image: The largest within one image.
        miou: Of the first and the second model, in percent; None: there are
            no labels.
        iou: Of each class, of the first and the second model, in percent;
            of a class that is nowhere None.
    """
    images: int
    percent: float
    percent_near: Optional[float]
    fraction_difference: float
    fraction_difference_of_an_image: float
    miou: Optional[tuple[float, float]]
    iou: Optional[tuple[list[Optional[float]], ...]] = None


class Comparison:
    """Images, and what a model says of them.

    Args:
        model: The model to compare with.
        samples: Images; either all with labels or none.
        preparation: How they are read.
        progress: Called with a line that says how far it is.
    """

    def __init__(self, model: LogitModel, samples: Sequence[Sample],
                 preparation: Preparation,
                 progress: Callable[[str], None] = lambda line: None) -> None:
        self.samples, self.preparation = samples, preparation
        self.num_classes, self.progress = len(model.classes), progress
        self.masks = [mask for mask, _ in self._predicted(model)]

    def with_model(self, model: LogitModel) -> Agreement:
        """Compare with another model of the same classes."""
        n = self.num_classes
        same = total = same_near = near_total = 0
        furthest, counts = 0., np.zeros((2, n))
        truth = np.zeros((2, n, n))
        labelled = False
        for first, (second, label) in zip(
                self.masks, self._predicted(model)):
            equal, near = first == second, _near_boundaries(first)
            same += int(equal.sum())
            total += equal.size
            same_near += int(equal[near].sum())
            near_total += int(near.sum())
            found = np.stack([np.bincount(mask.ravel(), minlength=n)
                              for mask in (first, second)])
            counts += found
            furthest = max(furthest, np.abs(
                found[0] - found[1]).max() / equal.size)
            if label is not None:
                labelled = True
                for pairs, mask in zip(truth, (first, second)):
                    pairs += _count_pairs(mask, label, n)
        return Agreement(
            len(self.masks), 100 * same / total,
            100 * same_near / near_total if near_total else None,
            100 * float(np.abs(counts[0] - counts[1]).max()) / total,
            100 * float(furthest),
            tuple(map(_mean_iou, truth)) if labelled else None,
            tuple(map(_class_iou, truth)) if labelled else None)

    def _predicted(self, model: LogitModel):
        for i, sample in enumerate(self.samples):
            self.progress(f'{i} of {len(self.samples)} images compared')
            image, label = sample.read(self.preparation)
            yield predict(model, image).mask, label


def _near_boundaries(mask: np.ndarray) -> np.ndarray:
    kernel = np.ones((2 * NEAR + 1, ) * 2, np.uint8)
    return cv2.dilate(mask, kernel) != cv2.erode(mask, kernel)


def _count_pairs(mask: np.ndarray, label: np.ndarray, n: int) -> np.ndarray:
    """Return how often each class is taken for each, (true, predicted)."""
    known = label != IGNORED
    pairs = n * label[known].astype(np.int64) + mask[known]
    return np.bincount(pairs, minlength=n * n).reshape(n, n)


def _mean_iou(pairs: np.ndarray) -> float:
    """Return the mean over the classes that are there, as mmseg does."""
    there = [iou for iou in _class_iou(pairs) if iou is not None]
    return float(np.mean(there))


def _class_iou(pairs: np.ndarray) -> list[Optional[float]]:
    both = np.diag(pairs)
    either = pairs.sum(0) + pairs.sum(1) - both
    return [float(100 * one / all_of_it) if all_of_it else None
            for one, all_of_it in zip(both, either)]
