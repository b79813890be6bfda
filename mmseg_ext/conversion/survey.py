"""Look at all masks of a set and propose what they mean."""
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Optional

import numpy as np
from prettytable import PrettyTable

from mmseg_ext.basics.formats import Indexed
from mmseg_ext.basics.image_files import decode_file
from mmseg_ext.basics.mask_files import decode_stored

from .class_map import GREY
from .class_rules import IGNORE, UNPAINTED
from .convert import check_kind
from .drawings import read_drawing
from .label_map import propose_label_rules
from .pairs import Pair
from .pixels import (
    count_values,
    is_grey,
    mask_pixels,
    unlike_photograph,
)

MOST_IDS = 64  # values below are most likely class ids
MOST_KEYS = 8  # more are most likely one class smeared into another
MOST_KEPT = 100_000  # colours; a photograph has more than anyone needs
LISTED = 16
NAMES = {'0,0,0': 'background', '255,0,0': 'red', '0,255,0': 'green',
         '0,0,255': 'blue', '255,255,0': 'yellow', '255,0,255': 'magenta',
         '0,255,255': 'cyan', '255,255,255': 'white'}


@dataclass
class Survey:
    """What the masks of a set hold.

    Attributes:
        found: Value, colour or label, as in ClassMap's rules -> pixels (of
            labels: shapes).
        files: The same -> files that hold it.
        num_files: Masks.
        unit: 'pixels' or 'shapes'.
        smoothed: Whether there are many more values than classes.
    """
    found: Counter = field(default_factory=Counter)
    files: Counter = field(default_factory=Counter)
    num_files: int = 0
    unit: str = 'pixels'
    smoothed: bool = False

    def table(self) -> str:
        """Write what was found, the most frequent first."""
        total = sum(self.found.values())
        table = PrettyTable(['found', f'% of the {self.unit}', 'files'])
        table.align['found'] = 'l'
        for key, count in self.found.most_common(LISTED):
            table.add_row([key or "''", f'{100 * count / total:.3g}',
                           f'{self.files[key]} of {self.num_files}'])
        rest = len(self.found) - LISTED
        return f'{table}' + (f'\nand {rest} more' if rest > 0 else '')


def survey_masks(
        pairs: Sequence[Pair],
        progress: Optional[Callable[[int, int], None]] = None) -> Survey:
    """Read every mask and count what is in it.

    Args:
        pairs: What :func:`find_pairs` found.
        progress: Called with (masks done, masks in all) after each mask.

    Raises:
        ValueError: If a mask is unreadable, or some are JSON files and some
            are images.
    """
    pairs = [pair for pair in pairs if pair.mask is not None]
    count = _Labels() if check_kind(pairs) else _Pixels()
    for done, pair in enumerate(pairs, 1):
        count.add(pair)
        if progress is not None:
            progress(done, len(pairs))
    return count.survey(len(pairs))


class _Labels:
    """Counter of labelled shapes."""

    def __init__(self) -> None:
        self.shapes, self.files = Counter(), Counter()

    def add(self, pair: Pair) -> None:
        labels = [shape.label for shape in read_drawing(
            pair.mask, pair.image).shapes]
        self.shapes.update(labels)
        self.files.update(set(labels))

    def survey(self, num_files: int) -> Survey:
        return Survey(self.shapes, self.files, num_files, 'shapes')


class _Pixels:
    """Counter of values and colours."""

    def __init__(self) -> None:
        # kind -> value or colour -> pixels, and files
        self.pixels = defaultdict(Counter)
        self.files = defaultdict(Counter)
        self.colour_of_index = defaultdict(set)
        self.like_photographs = True

    def add(self, pair: Pair) -> None:
        stored = decode_stored(pair.mask)
        mask = mask_pixels(stored, pair.mask, by_colour=False)
        if isinstance(stored, Indexed):
            colours = stored.paint().reshape(-1, 3)
            self._count('index', mask.ravel())
            self._count('colour of index', colours)
            values, first = np.unique(mask, return_index=True)
            for value, colour in zip(values.tolist(),
                                     colours[first].tolist()):
                self.colour_of_index[value].add(tuple(colour))
        elif mask.ndim == 2:
            self._count('value', mask.ravel())
        else:
            grey = is_grey(mask)
            colours = mask
            if mask.dtype == np.uint16 and not (mask[~grey] % 257).any():
                colours = np.round(mask / 257).astype(np.uint8)
            self._count('value', colours[grey][:, 0])
            self._count('colour', colours[~grey])
            image = decode_file(pair.image)[:len(mask)]
            self.like_photographs &= (
                image.shape[:2] == mask.shape[:2]
                and not unlike_photograph(mask, image).any())

    def _count(self, kind: str, pixels: np.ndarray) -> None:
        counter, files = self.pixels[kind], self.files[kind]
        found = count_values(pixels)
        counter.update(found)
        files.update(found.keys())
        if len(counter) > MOST_KEPT:
            for key, _ in counter.most_common()[MOST_KEPT // 2:]:
                del counter[key], files[key]

    def survey(self, num_files: int) -> Survey:
        # Programs number the colours of indexed files as they please. Where
        # they do it always the same way, the index is the class.
        steady = all(len(one) == 1 for one in self.colour_of_index.values())
        indices = 'index' if steady and not self.pixels['colour'] else (
            'colour of index')
        found, files = Counter(), Counter()
        shades = len(self.pixels['value'])
        by_colour = bool(self.pixels['colour']) or not steady
        photograph = bool(self.pixels['colour']) and shades > MOST_KEYS
        for kind in ('value', 'colour', indices):
            for key, count in self.pixels[kind].items():
                name = _write(key, by_colour)
                if photograph and len(set(name.split(','))) == 1:
                    continue
                found[name] += count
                files[name] += self.files[kind][key]
        if photograph:
            key = UNPAINTED if self.like_photographs else GREY
            found[key] = self.pixels['value'].total()
            files[key] = num_files
        return Survey(found, files, num_files, smoothed=_is_smoothed(found))


def _write(key, by_colour: bool) -> str:
    if isinstance(key, tuple):
        return ','.join(map(str, key))
    return ','.join([str(key)] * 3) if by_colour else str(key)


def _is_smoothed(found: Counter) -> bool:
    keys = [key for key in found if key not in (UNPAINTED, GREY)]
    ids = [key for key in keys if ',' not in key and int(key) < MOST_IDS]
    # two more, which may mean that there is no label: 255 and 65535
    return len(keys) > MOST_KEYS and len(keys) - len(ids) > 2


def propose_rules(survey: Survey,
                  classes: Sequence[str] = ()) -> list[str]:
    """Propose rules for :func:`~.convert.read_rules`.

    Negative values are taken to mean no label, and so are the largest of 8
    and 16 bits beside class ids.

    Args:
        survey: What was found.
        classes: Names, in the order of the ids; made up if there are none.

    Raises:
        ValueError: If there is nothing sensible to propose.
    """
    if survey.unit == 'shapes':
        return propose_label_rules(survey.found, classes)
    keys = _main_keys(survey) if survey.smoothed else list(survey.found)
    keys.sort(key=lambda key: _order(key, survey.found))
    ignored = _ignored(keys)
    keys = [key for key in keys if key not in ignored]
    names = list(classes) or _names(keys)
    if len(names) != len(keys):
        raise ValueError(
            f'{len(keys)} values or colours are for {len(names)} '
            f'classes ({", ".join(names)}). Say what each means with --map '
            'CLASS=WHAT; a class may have several.')
    return [f'{name}={key}' for name, key in zip(names, keys)] + [
        f'{IGNORE}={key}' for key in ignored]


def _order(key: str, found: Counter) -> tuple:
    """Sort: what is not painted, black, values, colours by frequency."""
    if key in (UNPAINTED, GREY):
        return 0, 0
    if ',' in key:
        return 1, -found[key] if key != '0,0,0' else -found.total()
    return 1, int(key)


def _ignored(keys: list[str]) -> list[str]:
    values = {key: int(key) for key in keys if key.lstrip('-').isdigit()}
    ids = [value for value in values.values() if 0 <= value < MOST_IDS]
    return [key for key, value in values.items()
            if value < 0 or (value in (255, 65535) and len(ids) > 1)]


def _names(keys: list[str]) -> list[str]:
    if keys in (['0', '255'], ['0', '1'], ['0', '65535'],
                ['0,0,0', '255,255,255']):
        return ['background', 'foreground']
    return [
        'background' if key in (UNPAINTED, GREY) else NAMES.get(
            key, f'class_{i}') for i, key in enumerate(keys)
    ]


def _main_keys(survey: Survey) -> list[str]:
    """Return the values that smoothing made the others of."""
    total = survey.found.total()
    main, near = {}, 0
    for key, count in survey.found.most_common():
        if key in (UNPAINTED, GREY):
            near += count
            continue
        colour = np.array(key.split(','), int)
        gap = min((np.abs(colour - other).max() for other in main.values()),
                  default=256)
        if gap > 32 and count > 0.005 * total:
            main[key] = colour
            gap = 0
        near += count if gap <= 6 else 0
    rest = [GREY] if {UNPAINTED, GREY} & set(survey.found) else []
    if near < 0.8 * total or len(rest) + len(main) < 2:
        raise ValueError(
            f'There are {len(survey.found)} values or colours, and no few '
            'of them cover the masks: are these the masks, or the '
            'photographs? Say what the values mean with --map CLASS=WHAT.')
    return [*rest, *main]
