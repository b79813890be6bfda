"""Some pseudo-labels over their images, and where there are none."""
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np

from mmseg_ext.basics.colours import blend
from mmseg_ext.visualization import Tile, draw_contact_sheet

from .confidence import NO_LABEL
from .pseudo_label_store import Confidence

TILES = 12
SIZE = 240  # pixels of the longer side of each of three pictures
GAP = 4


def draw_sheet(found: Mapping[str, Confidence],
               pair: Callable[[str], tuple[np.ndarray, np.ndarray]],
               classes: Sequence[str], palette: Sequence[Sequence[int]],
               title: str) -> np.ndarray:
    """Draw images from the least sure to the surest.

    Of each: the image; the colours of the pseudo-labels over it; kept pixels
    white, ignored ones black.

    Args:
        found: Name -> how sure the model is, the least sure first.
        pair: Called with a name; returns the image, (H, W, 3) uint8, blue,
            green, red, and its mask, (H, W) uint8, 255: no label.
        classes: Names of the classes, in the order of their ids.
        palette: Colour of each, (red, green, blue), 0 to 255.
        title: Line above them.

    Returns:
        (H, W, 3) uint8, channels blue, green, red.
    """
    names = list(found)
    number = min(TILES, len(names))
    chosen = [names[i * (len(names) - 1) // max(number - 1, 1)]
              for i in range(number)]
    tiles = []
    for name in chosen:
        one = found[name]
        kept = [f'{label} {100 * part / total:.0f}'
                for label, part, total in zip(classes, one.kept, one.pixels)
                if total]
        tiles.append(Tile(_draw(*pair(name), palette), [
            name[-60:], f'kept {100 * one.fraction:.1f} %, mean confidence '
            f'{one.mean:.3f}', f'kept of each, %: {", ".join(kept)}'[:100]]))
    return draw_contact_sheet(
        tiles, f'{title}: image | pseudo-labels | kept (white)',
        3 * SIZE + 2 * GAP)


def _draw(image: np.ndarray, mask: np.ndarray,
          palette: Sequence[Sequence[int]]) -> np.ndarray:
    factor = min(SIZE / max(mask.shape), 1.0)
    size = tuple(max(1, round(side * factor)) for side in mask.shape[::-1])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    labels = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    kept = cv2.resize(np.where(mask == NO_LABEL, 0, 255).astype(np.uint8),
                      size, interpolation=cv2.INTER_AREA)
    gap = np.full((size[1], GAP, 3), 255, np.uint8)
    return np.hstack([small, gap, blend(small, labels, palette, NO_LABEL),
                      gap, np.repeat(kept[..., None], 3, axis=2)])
