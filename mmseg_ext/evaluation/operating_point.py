"""Above which probability a pixel is called a defect, and what that gives."""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
import torch
from mmengine.dist import all_gather_object

from mmseg_ext.ops import best_threshold

from .anomaly_score import SampleScores, bin_scores

FEW = 5  # defective images: by fewer, chance decides


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold gives on images with ground truth.

    Attributes:
        threshold: Probability above which a pixel is a defect, 0 to 1.
        log_odds: The same as log(p / (1 - p)).
        iou: Of the defects' pixels, all images together, 0 to 1.
        precision: Fraction of what is found that is a defect; nan if nothing
            is found.
        recall: Fraction of the defects' pixels that is found.
        found: Number of defective images in which something is found.
        defective: Of how many.
        alarms: Number of good images in which something is found.
        good: Of how many.
    """
    threshold: float
    log_odds: float
    iou: float
    precision: float
    recall: float
    found: int
    defective: int
    alarms: int
    good: int

    def describe(self) -> str:
        """Say it in one line."""
        precision = ('-' if math.isnan(self.precision) else  # nothing found
                     f'{100 * self.precision:.1f} %')
        return (f'IoU {100 * self.iou:.1f} %, precision {precision}, recall '
                f'{100 * self.recall:.1f} %; something found in {self.found} '
                f'of {self.defective} defective images and in {self.alarms} '
                f'of {self.good} good ones')


class OperatingPoints:
    """Scores of labelled images, for every threshold at once."""

    def __init__(self) -> None:
        self._centres = bin_scores()
        self._counts = np.zeros((2, len(self._centres)), np.int64)
        self._images: list[tuple[int, bool]] = []

    def add(self, scores: SampleScores) -> None:
        """Take an image; one without any label has no part."""
        if not len(scores.bins):
            return
        self._counts[:, scores.bins] += scores.counts
        self._images.append(
            (int(scores.bins[-1]), bool(scores.counts[1].any())))

    def gather(self) -> None:
        """Put together what the processes have seen; called in all."""
        parts = all_gather_object((self._counts, self._images))
        self._counts = sum(counts for counts, _ in parts)
        self._images = [image for _, images in parts for image in images]

    @property
    def has_defects(self) -> bool:
        """Tell whether any pixel is one: without, no threshold is best."""
        return bool(self._counts[1].any())

    def at(self, log_odds: float) -> OperatingPoint:
        """Return what a threshold gives, which is resolved to a bin."""
        found = self._centres > log_odds
        false, hits = self._counts[:, found].sum(1)
        defects = self._counts[1].sum()
        images = [(found[highest], label) for highest, label in self._images]
        flagged = [label for seen, label in images if seen]
        labels = [label for _, label in images]
        return OperatingPoint(
            # 1 / (1 + exp(-log_odds)), of any size
            float(np.exp(-np.logaddexp(0, -log_odds))), log_odds,
            float(hits / max(defects + false, 1)),
            float(hits / (hits + false)) if hits + false else math.nan,
            float(hits / max(defects, 1)), sum(flagged), sum(labels),
            len(flagged) - sum(flagged), len(labels) - sum(labels))

    def best(self, recall: Optional[float] = None) -> OperatingPoint:
        """Return the threshold of the best IoU, or the highest for a recall.

        Args:
            recall: Fraction of the defects' pixels to find at least, 0 to 1;
                None: choose by IoU.

        Raises:
            ValueError: If no pixel is a defect.
        """
        if not self.has_defects:
            raise ValueError('No pixel is a defect: no threshold is best')
        used = np.flatnonzero(self._counts.any(axis=0))
        if recall is None:
            scores = np.tile(self._centres[used], 2)
            truth = np.repeat([False, True], len(used))
            threshold, _ = best_threshold(*map(torch.from_numpy, (
                scores, truth, self._counts[:, used].ravel())))
            return self.at(threshold)
        positives = self._counts[1, used]
        reached = positives[::-1].cumsum()[::-1] >= recall * positives.sum()
        last = np.flatnonzero(reached)[-1]
        scores = self._centres[used]
        below = scores[last - 1] if last else scores[last] - 1
        return self.at((scores[last] + below) / 2)


def describe_choice(chosen: OperatingPoint, usual: OperatingPoint,
                    images: str = 'validation images') -> Sequence[str]:
    """Say what a threshold gives in place of the usual one, line by line."""
    lines = [f'threshold {_percent(point.threshold)}: {point.describe()}'
             for point in (usual, chosen)]
    if chosen.defective < FEW:
        lines.append(f'It was chosen by {chosen.defective} defective '
                     f'{images}: with others it may be quite another')
    return lines


def _percent(probability: float) -> str:
    return f'{100 * probability:.3g} %'
