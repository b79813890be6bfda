"""How the pictures of a run of predictions are drawn."""
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import cv2
import numpy as np

from mmseg_ext.basics.legend_strip import add_colour_bar, add_strip

from .predictor import Prediction

# Classes that are the ground on which others are looked for.
BACKGROUNDS = ('background', 'good', 'normal', 'clean', 'ok', 'intact',
               'no defect')
# over the logarithm of the number of classes
ENTROPY = 'normalized entropy'


def background_of(classes: Sequence[str]) -> Optional[str]:
    """Return the class that is called a background; None: no class is."""
    return next((name for name in classes
                 if name.casefold() in BACKGROUNDS), None)


def base_phase(classes: Sequence[str], fractions: np.ndarray) -> str:
    """Return the class that overlays leave uncoloured.

    Args:
        classes: Names of the classes.
        fractions: Of each, (num_classes,).

    Returns:
        The background, or else the largest.
    """
    return background_of(classes) or classes[int(np.argmax(fractions))]


def describe_base(classes: Sequence[str], base: str,
                  percents: Sequence[float]) -> str:
    """Say which class overlays leave uncoloured, and if another is larger.

    Args:
        classes: Names of the classes.
        base: That one; '' if there is none.
        percents: Mean fraction of each, or nothing.
    """
    if not base or not percents:
        return ''
    largest = classes[int(np.argmax(percents))]
    text = f'Overlays leave {base} uncoloured.'
    if base not in (largest, background_of(classes)):
        text += (f' Over all images {largest} is larger: --base-phase '
                 f'{shlex.quote(largest)} --overwrite leaves that one out.')
    return text


@dataclass(frozen=True)
class Pictures:
    """Draws predictions, with legends and scale bars in a strip below.

    Attributes:
        base: Class without a colour in overlays; None: all have one.
        strips: Also below colour masks, which else have the image's size.
    """
    base: Optional[str] = None
    strips: bool = False

    def colour_mask(self, prediction: Prediction,
                    um: Optional[float] = None) -> np.ndarray:
        """Return the classes' colours, (H', W', 3) uint8.

        Args:
            prediction: Of an image.
            um: Side of a pixel in micrometres; None: not known.
        """
        painted = prediction.colour_mask()
        return add_strip(painted, prediction.classes, prediction.palette,
                         um) if self.strips else painted

    def overlay(self, image: np.ndarray, prediction: Prediction,
                um: Optional[float] = None) -> np.ndarray:
        """Return the classes' colours over the image, with a legend.

        Args:
            image: (H, W, 3) uint8, channels blue, green, red.
            prediction: Of it.
            um: As in :meth:`colour_mask`.
        """
        base = (None if self.base is None
                else prediction.classes.index(self.base))
        return add_strip(prediction.overlay(image, base), prediction.classes,
                         prediction.palette, um, base)

    @staticmethod
    def entropy(entropy: np.ndarray, um: Optional[float] = None
                ) -> np.ndarray:
        """Return entropies in colours, with a colour bar.

        Args:
            entropy: (H, W) uint8, 255 is the largest.
            um: As in :meth:`colour_mask`.
        """
        ramp = np.arange(256, dtype=np.uint8)[None]
        return add_colour_bar(*(
            cv2.applyColorMap(values, cv2.COLORMAP_VIRIDIS)
            for values in (entropy, ramp)), ENTROPY, um)
