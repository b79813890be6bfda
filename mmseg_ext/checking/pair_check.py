"""Look at the arrays of one image and its mask, and say what is unusual."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from mmseg_ext.basics.formats import Facts
from mmseg_ext.basics.label_values import foreign_labels

from .findings import ERROR, NOTE, WARNING, Symptom

FEW_BITS = 12  # 16-bit images that fill no more are refused by SEMDataset
MAX_VALUES = 32  # values or colours remembered of one file
GREY = 0.05  # largest difference of channels of a grey pixel, of full scale


@dataclass(frozen=True)
class Rules:
    """What the values in mask files mean to the config's loading.

    Attributes:
        classes: Names of the classes.
        palette: Colour of each, (red, green, blue).
        loader: 'sem' (LoadSEMAnnotations), 'binary' (LoadBinaryAnnotations),
            'other' (any other) or 'none' (the config loads no masks).
        ignore_index: Class id of pixels without a label.
        label_map: As in SEMDataset.
        ignore_colors: As in SEMDataset.
        command_line: Whether arguments of SEMDataset are given there alone:
            there is no config.
    """
    classes: Sequence[str]
    palette: Sequence[Sequence[int]] = ()
    loader: str = 'sem'
    ignore_index: int = 255
    label_map: Optional[Mapping[int, int]] = None
    ignore_colors: Sequence[Sequence[int]] = ()
    command_line: bool = False

    @property
    def allowed(self) -> set[int]:
        """Return the values that a mask of one channel may hold."""
        if self.loader == 'binary':
            return {0, 1, 255}
        if self.label_map and self.loader == 'sem':
            return set(self.label_map)
        return {*range(len(self.classes)), self.ignore_index}


def _fractions(values: np.ndarray) -> dict:
    """Return value -> fraction of the pixels, of the most frequent ones."""
    return dict(list(foreign_labels(values, ()).items())[:MAX_VALUES])


def check_values(path: str, values: np.ndarray,
                 rules: Rules) -> Optional[Symptom]:
    """Compare the values of a mask of one channel with the classes.

    Kinds: 'fractions', 'foreground_255', 'negative', 'values' (few that are
    no class), 'smoothed' (many, but most pixels hold few of them) and
    'photograph' (many). All of them errors.

    Args:
        path: The file, to be named.
        values: (H, W), as in the file.
        rules: What they should be.
    """
    found = foreign_labels(values, ())
    foreign = [value for value in found if value not in rules.allowed]
    facts = dict(list(found.items())[:MAX_VALUES])
    if not foreign:
        taken = (rules.label_map is not None or len(rules.classes) != 2
                 or rules.ignore_index != 255 or rules.loader == 'binary')
        if taken or 255 not in found or 1 in found:
            return None
        return Symptom('foreground_255', path, facts=facts)
    if not all(float(value).is_integer() for value in foreign):
        return Symptom('fractions', path, facts=facts)
    if len(foreign) > max(16, 2 * len(rules.classes)):
        number = max(2, len(rules.classes))
        main = sum(list(found.values())[:number])
        kind = 'smoothed' if main > 0.5 else 'photograph'
        return Symptom(kind, path, facts=facts)
    if set(found) == {0, 255} and len(rules.classes) == 2:
        return Symptom('foreground_255', path, facts=facts)
    if min(foreign) < 0:
        return Symptom('negative', path, facts=facts)
    return Symptom('values', path, facts=facts)


def _unpack(packed: int) -> tuple[int, int, int]:
    return packed >> 32, packed >> 16 & 65535, packed & 65535


def _colour_fractions(colours: np.ndarray) -> dict:
    """(N, 3) integers -> colour (red, green, blue) -> fraction of the N."""
    packed = colours.astype(np.int64) @ np.array([1 << 32, 1 << 16, 1])
    return {_unpack(value): fraction
            for value, fraction in foreign_labels(packed, ()).items()}


def check_colours(path: str, values: np.ndarray,
                  rules: Rules) -> Optional[Symptom]:
    """Compare the colours of a mask with the palette.

    Kinds: 'painted' (a photograph under few colours), 'palette' (none of
    our colours), 'colours' (some that are not ours), 'smoothed' and
    'photograph' as in :func:`check_values`, 'colour_mask' (the config's
    loading expects numbers). All of them errors.

    Args:
        path: The file, to be named.
        values: (H, W, 3) red, green, blue, as in the file.
        rules: What they should be.
    """
    if values.dtype.kind == 'f':
        return Symptom('photograph', path)
    pixels = values.reshape(-1, 3)
    found = _colour_fractions(pixels)
    palette = {tuple(map(int, colour)) for colour in rules.palette}
    known = palette | {tuple(colour) for colour in rules.ignore_colors}
    foreign = [colour for colour in found if colour not in known]
    if not foreign and rules.loader == 'sem':
        return None
    painted = _find_paint(found, np.iinfo(values.dtype).max)
    if painted:
        return Symptom('painted', path, facts=painted)
    facts = dict(list(found.items())[:MAX_VALUES])
    if len(foreign) > max(16, 2 * len(rules.classes)):
        main = sum(list(found.values())[:max(2, len(rules.classes))])
        kind = 'smoothed' if main > 0.5 else 'photograph'
        return Symptom(kind, path, facts=facts)
    if rules.loader != 'sem':
        return Symptom('colour_mask', path, facts=facts)
    if not palette & set(found):
        return Symptom('palette', path, facts=facts)
    return Symptom('colours', path,
                   facts={colour: found[colour] for colour in foreign})


def _find_paint(found: Mapping[tuple, float], full: int) -> dict:
    """Return the colours on a grey photograph; none if it is not one."""
    grey = {colour: fraction for colour, fraction in found.items()
            if max(colour) - min(colour) <= GREY * full}
    paint = {colour: fraction for colour, fraction in found.items()
             if colour not in grey and fraction >= 1e-3}
    covered = 1 - sum(grey.values())
    if (len(grey) < 16 or not 0.01 < covered < 0.95 or len(paint) > 8
            or sum(paint.values()) < 0.8 * covered):
        return {}
    return paint


def check_storage(path: str, dtype: np.dtype, values: np.ndarray,
                  labels: Optional[np.ndarray],
                  rules: Rules) -> Optional[Symptom]:
    """Look at a mask that is stored in other numbers than 8 bits.

    Kinds: 'wide' (a note), or 'wrapped' where the loading has cut numbers
    to 8 bits and so made other classes of them.

    Args:
        path: The file, to be named.
        dtype: Of the file.
        values: (H, W), as in the file.
        labels: (H, W), as loaded; None if that failed.
        rules: Who loads.
    """
    if dtype == np.uint8:
        return None
    facts = {str(dtype): 1}
    if (rules.loader == 'other' and labels is not None
            and not 0 <= values.min() <= values.max() <= 255):
        return Symptom('wrapped', path, facts=_fractions(values))
    return Symptom('wide', path, NOTE, facts)


def check_sizes(path: str, image: np.ndarray,
                size: tuple[int, int]) -> Optional[Symptom]:
    """Compare an image with its mask's (height, width).

    Kinds: 'band' (the mask is shorter by what looks like an information
    band), 'shorter' (by something else), 'turned', 'scaled', 'sizes'.
    """
    height, width = image.shape[:2]
    rows, columns = size
    if (rows, columns) == (height, width):
        return None
    facts = {f'{width} x {height} and {columns} x {rows}': 1}
    if columns == width and rows < height:
        kind = 'band' if looks_like_band(image[rows:]) else 'shorter'
        return Symptom(kind, path, facts={height - rows: 1})
    if (rows, columns) == (width, height):
        return Symptom('turned', path, facts=facts)
    ratio = (columns / width) / (rows / height)
    return Symptom('scaled' if abs(ratio - 1) < 0.01 else 'sizes', path,
                   facts=facts)


def looks_like_band(rows: np.ndarray) -> bool:
    """Tell an even strip with text from a strip of micrograph.

    Args:
        rows: (N, W) or (N, W, channels), the lowest rows of an image.
    """
    grey = rows.reshape(*rows.shape[:2], -1).mean(-1)
    top = np.iinfo(rows.dtype).max if rows.dtype.kind in 'ui' else grey.max()
    if top <= 0:
        return True
    # 32 levels: JPEG blurs an even ground by a few of 256
    levels = np.bincount((grey / top * 31.99).astype(int).ravel().clip(0, 31))
    return bool(levels.max() > 0.4 * grey.size)


def check_depth(path: str, image: np.ndarray,
                bit_depth: Optional[int]) -> Optional[Symptom]:
    """Look at how many of its 16 bits an image fills.

    Kinds: 'few_bits' (12 or fewer) and 'sixteen_bits' (a note); facts are
    the bits.
    """
    if image.dtype != np.uint16 or bit_depth is not None:
        return None
    bits = int(image.max()).bit_length()
    if 0 < bits <= FEW_BITS:
        return Symptom('few_bits', path, WARNING, {bits: 1})
    return Symptom('sixteen_bits', path, NOTE, {bits: 1})


def check_tags(path: str, facts: Facts, is_mask: bool) -> list[Symptom]:
    """Name the tags by which a file is shown otherwise than it is stored.

    Kinds: 'oriented', of which the facts are the orientations, and
    'white_is_zero'. Both are notes, for other programs may not obey them.
    """
    found = []
    if facts.orientation != 1:
        found.append(Symptom('oriented', path, NOTE, {facts.orientation: 1}))
    if facts.white_is_zero:
        found.append(Symptom('white_is_zero', path, NOTE,
                             detail='mask' if is_mask else 'image'))
    return found


def check_labels(path: str, labels: np.ndarray,
                 rules: Rules) -> Optional[Symptom]:
    """Look at class ids as training would get them.

    Kinds: 'no_label' (a warning), 'empty' (background alone, where there are
    two classes) and 'one_class'.
    """
    present = np.flatnonzero(np.bincount(labels.ravel())).tolist()
    present = set(present) - {rules.ignore_index}
    if not present:
        return Symptom('no_label', path, WARNING)
    if len(present) > 1:
        return None
    if len(rules.classes) == 2:
        return Symptom('empty', path, NOTE) if present == {0} else None
    return Symptom('one_class', path, NOTE, {present.pop(): 1})


def errors(symptoms: Sequence[Symptom]) -> bool:
    """Return whether one of them is an error."""
    return any(symptom.severity == ERROR for symptom in symptoms)
