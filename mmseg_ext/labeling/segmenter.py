"""What every segmenter takes and gives: an image and points, masks."""
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np


class Candidate(NamedTuple):
    """A mask that a segmenter proposes.

    ``mask``: (H, W) bool. ``score``: how good the segmenter believes it to
    be, 0 to 1; comparable among the masks of one segmenter only.
    ``stability``: how little it changes when the segmenter's threshold
    moves, 0 to 1; see ``quality.stability``.
    """

    mask: np.ndarray
    score: float
    stability: float


def check_prompt(image: np.ndarray,
                 points: Sequence[tuple[int, int]]) -> None:
    """Refuse an image of another kind and points outside of it.

    Raises:
        ValueError: If the image is not uint8 (H, W, 3), or a point lies
            outside.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'The image is {image.dtype} {image.shape}; '
                         'uint8 (H, W, 3) is expected.')
    height, width = image.shape[:2]
    outside = [(int(row), int(col)) for row, col in points
               if not (0 <= row < height and 0 <= col < width)]
    if outside:
        raise ValueError(
            f'Points outside the image of {height} x {width} (height x '
            f'width) pixels: {outside}. Points are (row, column).')


class PromptSegmenter(ABC):
    """Segments what lies at some points of an image."""

    def segment(self,
                image: np.ndarray,
                points: Sequence[tuple[int, int]],
                cam: Optional[np.ndarray] = None) -> list[Candidate]:
        """Propose masks of the object at the points.

        Args:
            image: Red, green, blue.
            points: (row, column) of pixels on one object or several of a
                kind; all go into each mask.
            cam: Class activation map at the image's size, 0 or more, for
                segmenters that can use one.

        Shape:
            image: (H, W, 3) uint8. cam: (H, W).

        Returns:
            Candidates, the best score first; none if there are no points or
            nothing stands out.

        Raises:
            ValueError: If the image is of another kind, a point lies outside
                of it, or the map has another size.
        """
        check_prompt(image, points)
        if cam is not None and cam.shape != image.shape[:2]:
            raise ValueError(
                f'The map has the shape {cam.shape}, the image '
                f'{image.shape[:2]}: bring it to that with upsample_cam.')
        if not points:
            return []
        found = [candidate for candidate in self._segment(image, points, cam)
                 if candidate.mask.any()]
        return sorted(found, key=lambda candidate: -candidate.score)

    @abstractmethod
    def _segment(self, image: np.ndarray, points: Sequence[tuple[int, int]],
                 cam: Optional[np.ndarray]) -> list[Candidate]:
        """Propose masks; the arguments are checked and there are points."""
