"""What the values, colours and labels in masks mean."""
import re
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt

from mmseg_ext.basics.label_values import describe_fractions
from mmseg_ext.basics.shapes import fill_shape, read_shapes

from .pixels import (
    distance,
    equal,
    fractions,
    is_grey,
    read_mask_pixels,
    spread,
    unlike_photograph,
)

IGNORE_INDEX = 255  # pixels without a label, in the masks that are written
IGNORE = 'ignore'  # the same as the name of a class
UNPAINTED, GREY = 'unpainted', 'grey'
MOST_SMOOTHED = 0.1  # fraction of a mask's pixels that may lie between classes
JSON = '.json'


class ClassMap:
    """Which class each value, colour or label stands for.

    Args:
        rules: 'CLASS=WHAT', in the order of the class ids, where WHAT is

            * a value, such as 0, 128 or -1;
            * a colour, red,green,blue from 0 to 255, such as 255,0,0 (of 16
              bits: 65535 counts as 255);
            * 'unpainted': pixels of a painted-over photograph that equal
              the image's; in labelme's files, what no shape covers;
            * 'grey': pixels with equal red, green and blue, for photographs
              that were changed otherwise;
            * a label in labelme's files.

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
        pairs = [_split(rule) for rule in rules]
        named = dict.fromkeys(name for name, _ in pairs if name != IGNORE)
        self.classes = tuple(classes or named)
        self._check(named)
        self.keys = {}
        for name, key in pairs:
            class_id = (IGNORE_INDEX if name == IGNORE else
                        self.classes.index(name))
            if self.keys.setdefault(key, class_id) != class_id:
                raise ValueError(f'{key!r} is mapped to two classes')
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
            for key in self.keys if re.fullmatch(r'-?\d+|\d+,\d+,\d+', key)
        }
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

    def _check(self, named: Iterable[str]) -> None:
        if not self.classes:
            raise ValueError('no class is named')
        if IGNORE in self.classes:
            raise ValueError("'ignore' is no class: it means no label")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f'a class is named twice in {self.classes}')
        if len(self.classes) > IGNORE_INDEX:
            raise ValueError(f'{len(self.classes)} classes; class ids are 0 '
                             f'to {IGNORE_INDEX - 1}')
        unknown = [name for name in named if name not in self.classes]
        if unknown:
            raise ValueError(f'{unknown[0]!r} is mapped, but the classes are '
                             f'{", ".join(self.classes)}')

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

    def draw(self, path: str, size: tuple[int, int]) -> np.ndarray:
        """Draw the shapes in labelme's file, the later over the earlier.

        Args:
            path: JSON file.
            size: (height, width) of its image in pixels.

        Returns:
            (H, W) uint8 class ids.

        Raises:
            ValueError: If the file belongs to another image, a shape has no
                area or a label that is not mapped, or pixels lie in no
                shape and 'unpainted' is not mapped.
        """
        shapes, found = read_shapes(path)
        if None not in found and found != tuple(size):
            raise ValueError(
                f'{path} belongs to an image of {found[1]} x {found[0]} '
                f'(width x height) pixels; this one has {size[1]} x '
                f'{size[0]}. Label the image that is there.')
        ids = np.full(size, self.keys.get(UNPAINTED, IGNORE_INDEX), np.uint8)
        covered = np.zeros(size, bool)
        for i, shape in enumerate(shapes):
            if shape['label'] not in self.keys:
                raise ValueError(
                    f'{path}: shape {i} is labelled {shape["label"]!r}, '
                    'which is not mapped. Map it, such as '
                    f'{self.classes[0]}={shape["label"]}, or rename it in '
                    'labelme.')
            try:
                inside = fill_shape(shape, size)
            except ValueError as error:
                raise ValueError(f'{path}: shape {i} is {error}') from error
            ids[inside] = self.keys[shape['label']]
            covered |= inside
        if UNPAINTED not in self.keys and not covered.all():
            raise ValueError(
                f'{path}: {100 * (~covered).mean():.3g} % of the pixels lie '
                'in no shape. Say what they are: CLASS=unpainted, or '
                'ignore=unpainted if they have no label.')
        return ids

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


def _split(rule: str) -> tuple[str, str]:
    name, sign, key = rule.partition('=')
    if not (name and sign and key):
        raise ValueError(f'{rule!r}: write CLASS=WHAT, such as crack=255 or '
                         'crack=255,0,0')
    return name, key


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
