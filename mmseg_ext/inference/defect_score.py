"""How much an image looks defective."""
import math

import numpy as np

from .probabilities import is_thresholded


class DefectScore:
    """The highest probability of the second of two classes, of any pixel.

    It is the score by which ``AnomalyScoreMetric`` ranks images.

    Attributes:
        column: Of ``images.csv``.
        highest: Of all that was looked at, 0 to 1.
    """
    column = 'defect_score'

    def __init__(self) -> None:
        self.highest = 0.0

    def look(self, logits: np.ndarray) -> None:
        """Take in the logits of a part of the image.

        Args:
            logits: (2, H, W), or a head's threshold and its probability.
        """
        good, defect = logits
        if is_thresholded(logits):
            found = float(defect.max().clip(0, 1))
        else:
            odds = float((defect - good).max())
            found = (1 / (1 + math.exp(-odds)) if odds > -700 else 0.0)
        self.highest = max(self.highest, found)


class MarginScore:
    """By how much another class exceeds the first, where it does most.

    Attributes:
        column: Of ``images.csv``.
        highest: Of all that was looked at, a difference of logits.
    """
    column = 'score'

    def __init__(self) -> None:
        self.highest = -math.inf

    def look(self, logits: np.ndarray) -> None:
        """Take in the logits of a part of the image, (C, H, W)."""
        margins = logits[1:].max(0) - logits[0]
        self.highest = max(self.highest, float(margins.max()))
