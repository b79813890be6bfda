"""How much an image looks defective."""
import math

import numpy as np

DEFECT_SCORE = 'defect_score'  # column of images.csv
ALIKE = 1e-5  # thresholds of tiles that were blended differ by less


class DefectScore:
    """The highest probability of the second of two classes, of any pixel.

    It is the score by which ``AnomalyScoreMetric`` ranks images.

    Attributes:
        highest: Of all that was looked at, 0 to 1.
    """

    def __init__(self) -> None:
        self.highest = 0.0

    def look(self, logits: np.ndarray) -> None:
        """Take in the logits of a part of the image.

        Args:
            logits: (2, H, W), or a head's threshold and its probability.
        """
        good, defect = logits
        if (np.ptp(good) < ALIKE and defect.min() >= 0
                and defect.max() <= 1 + ALIKE):
            found = min(float(defect.max()), 1.0)
        else:
            odds = float((defect - good).max())
            found = (1 / (1 + math.exp(-odds)) if odds > -700 else 0.0)
        self.highest = max(self.highest, found)
