"""What the values and colours in masks mean."""
import re
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt

from mmseg_ext.basics.label_values import describe_fractions

from .class_rules import UNPAINTED, ClassRules
from .pixels import (
    distance,
    equal,
    fractions,
    is_grey,
    read_mask_pixels,
    spread,
    unlike_photograph,
)

GREY = 'grey'
# Of 64 bits, and more than a colour has.
NUMBERS = re.compile(r'-?\d{1,18}|\d{1,18},\d{1,18},\d{1,18}')
MOST_SMOOTHED = 0.1  # fraction of a mask's pixels that may lie between classes


class ClassMap(ClassRules):
    """Which class each value or colour stands for.

    Args:
        rules: 'CLASS=WHAT', in the order of the class ids, where WHAT, from
            the last '=' on, is

            * a value, such as 0, 128 or -1;
            * a colour, red,green,blue from 0 to 255, such as 255,0,0 (of 16
              bits: 65535 counts as 255);
            * 'unpainted': pixels of a painted-over photograph that equal
              the image's;
            * 'grey': pixels with equal red, green and blue, for photographs
              that were changed otherwise.

            A class may have several; the class 'ignore' has no id, but the
            value 255.
        classes: All classes in the order of their ids, if it is not that of
            the rules.
        nearest: Let pixels near a class's value count as it, and others
            take the class of the pixel next to them: for masks saved with
            anti-aliasing or as JPEG.

    Raises:
        ValueError: If the rules contradict each other.
    """

    def __init__(self,
                 rules: Iterable[str],
                 classes: Sequence[str] = (),
                 nearest: bool = False) -> None:
        super().__init__(rules, classes)
        self.nearest = nearest
        self.rest = [key for key in (UNPAINTED, GREY) if key in self.keys]
        if len(self.rest) > 1:
            raise ValueError("map 'unpainted' or 'grey', not both: unpainted "
                             'pixels are grey')
        if nearest and UNPAINTED in self.keys:
            raise ValueError("'unpainted' pixels equal the image's, which "
                             "smoothed ones do not: map 'grey' instead")
        # key -> (3,) red, green, blue; a value is a shade of grey
        self.colours = {
            key: np.array(key.split(',') if ',' in key else [key] * 3, int)
            for key in self.keys if NUMBERS.fullmatch(key)
        }
        for key in self.keys:
            if key not in self.colours and key not in self.rest:
                raise ValueError(
                    f'{_shorten(key)!r} is no value (such as 128), no colour '
                    "(255,0,0) and neither 'unpainted' nor 'grey'. Only JSON "
                    'files have labels; the masks here are images.')
        for key, colour in self.colours.items():
            if ',' in key and colour.max() > 255:
                raise ValueError(f'{key!r}: red, green and blue go from 0 to '
                                 '255, also for masks of 16 bits')
        self.by_colour = bool(self.rest) or any(
            ',' in key for key in self.colours)
        shades = [key for key, colour in self.colours.items()
                  if len(set(colour.tolist())) == 1]
        if self.rest and shades:
            raise ValueError(
                f'{self.rest[0]!r} and the grey {shades[0]!r} are mapped: '
                'paint of that shade cannot be told from the photograph')

    def read(self, path: str) -> np.ndarray:
        """Read what :meth:`to_ids` takes from a mask file, an image."""
        return read_mask_pixels(path, self.by_colour)

    def to_ids(self, path: str, mask: np.ndarray,
               image: np.ndarray) -> tuple[np.ndarray, float]:
        """Return class ids, and the fraction of pixels that were guessed.

        Args:
            path: The mask's, for errors.
            mask: (H, W) or (H, W, 3) red, green, blue, as :meth:`read`
                returns it.
            image: What may have been painted over, (H, W) or (H, W, 3 or 4)
                blue, green, red, as in its file.

        Returns:
            (H, W) uint8 and, with ``nearest``, a fraction from 0 to 1.

        Raises:
            ValueError: If a pixel is none of what is mapped.
        """
        if mask.ndim == 3 and not self.by_colour:
            colours = fractions(mask, np.ones(mask.shape[:2], bool))
            raise ValueError(
                f'{path} is a colour image; only values are mapped. It holds '
                f'the colours {describe_fractions(colours)}. Map them, such '
                'as CLASS=255,0,0.')
        if self.by_colour and mask.ndim == 2:
            mask = np.repeat(mask[..., None], 3, axis=2)
        scale = 257 if self.by_colour and mask.dtype == np.uint16 else 1
        ids = np.zeros(mask.shape[:2], np.uint8)
        known = np.zeros(mask.shape[:2], bool)
        for key, colour in self.colours.items():
            hit = equal(mask, colour * scale)
            ids[hit] = self.keys[key]
            known |= hit
        for key in self.rest:
            hit = is_grey(mask)
            if key == UNPAINTED:
                _check_unpainted(path, mask, image)
            ids[hit] = self.keys[key]
            known |= hit
        if known.all():
            return ids, 0.0
        if not self.nearest:
            raise ValueError(self._refusal(path, mask, ~known))
        return self._guess(path, mask, ids, known, scale)

    def _refusal(self, path: str, mask: np.ndarray,
                 foreign: np.ndarray) -> str:
        found = fractions(mask, foreign)
        kind = 'colours' if mask.ndim == 3 else 'values'
        hint = ''
        if len(found) > len(self.keys):
            hint = (' If these are smoothed edges (the mask was saved with '
                    'anti-aliasing or as JPEG), add --nearest.')
        return (f'{path} holds {kind} that are not mapped: '
                f'{describe_fractions(found)}. Map them, such as '
                f'{self.classes[0]}={_write(next(iter(found)))}, or to '
                f'ignore where there is no label.{hint}')

    def _guess(self, path: str, mask: np.ndarray, ids: np.ndarray,
               known: np.ndarray, scale: int) -> tuple[np.ndarray, float]:
        """Fill pixels of other values, first by value, then by place."""
        exact = known
        known = known.copy()
        within = self._tolerance(scale)
        for key, colour in self.colours.items():
            hit = ~known & (distance(mask, colour * scale) <= within)
            ids[hit] = self.keys[key]
            known |= hit
        for key in self.rest:
            hit = ~known & (spread(mask) / 2 <= within)
            ids[hit] = self.keys[key]
            known |= hit
        between = 1 - known.mean()
        if between > MOST_SMOOTHED:
            raise ValueError(
                f'{path}: {100 * between:.3g} % of the pixels are near none '
                'of what is mapped, too many for smoothed edges: '
                f'{describe_fractions(fractions(mask, ~known))}. Map what is '
                'missing, or correct the mask.')
        place = distance_transform_edt(
            ~known, return_distances=False, return_indices=True)
        return ids[tuple(place)], float(1 - exact.mean())

    def _tolerance(self, scale: int) -> float:
        """Return an eighth of the way between the closest two classes."""
        colours = list(self.colours.values())
        gaps = [np.abs(one - other).max() for i, one in enumerate(colours)
                for other in colours[:i]]
        gaps += [np.ptp(colour) / 2 for colour in colours if self.rest]
        return min(gaps, default=255) * scale / 8


def _shorten(key: str) -> str:
    return key if len(key) <= 40 else f'{key[:40]}...'


def _write(key) -> str:
    return ','.join(map(str, key)) if isinstance(key, tuple) else str(key)


def _check_unpainted(path: str, mask: np.ndarray, image: np.ndarray) -> None:
    """Raise ValueError where grey pixels are not the photograph's."""
    other = unlike_photograph(mask, image)
    if other.any():
        raise ValueError(
            f'{path}: {100 * other.mean():.3g} % of the pixels are grey, but '
            'not as in the image: they may be paint, or the photograph was '
            f'changed: {describe_fractions(fractions(mask, other))}. If every '
            "grey pixel is unpainted, map 'grey' instead of 'unpainted'.")
