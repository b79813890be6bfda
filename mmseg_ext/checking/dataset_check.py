"""Check all pairs of all splits, keeping little of each."""
import os.path as osp
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import cv2
import numpy as np

from mmseg_ext.basics import paint
from mmseg_ext.basics.console import count_progress
from mmseg_ext.basics.duplicates import (
    Duplicate,
    Fingerprint,
    find_duplicates,
    take_fingerprint,
)
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.pseudo_labels import find_marked

from .findings import (
    ERROR,
    MAX_NAMES,
    MAX_PICTURES,
    NOTE,
    SEVERITIES,
    WARNING,
    Finding,
    Group,
    Picture,
)
from .inspection import Inspection, inspect_pair, same_but_numbers
from .pair_check import Rules
from .pseudo_labels import SAY_SO, TRANSDUCTIVE, find_pseudo_labels
from .splits import Split, check_heads, find_unused
from .statistics import (
    SplitStatistics,
    check_brightness,
    check_classes,
    check_normalization,
)
from .wording import describe_group

THUMBNAIL = 240  # pixels of the longer side
EXAMPLES = 4  # pairs of each split that are drawn, whatever they are


@dataclass
class CheckResult:
    """What came out.

    Attributes:
        findings: The worst first.
        statistics: Of each split.
        examples: Name of the split -> some of its pairs.
    """
    findings: list[Finding]
    statistics: list[SplitStatistics]
    examples: dict[str, list[Picture]]

    @property
    def failed(self) -> bool:
        """Whether training would go wrong."""
        return any(finding.severity == ERROR for finding in self.findings)

    def count(self, severity: str) -> int:
        return sum(f.severity == severity for f in self.findings)


@dataclass
class _Tally:
    """What is remembered of the pairs."""
    groups: dict[tuple, Group] = field(default_factory=dict)
    rules: dict[tuple, Rules] = field(default_factory=dict)
    prints: list[Fingerprint] = field(default_factory=list)
    origins: list[tuple[int, int]] = field(default_factory=list)
    examples: dict[str, list[Picture]] = field(default_factory=dict)
    not_loaded: int = 0


def check_splits(splits: Sequence[Split],
                 cfg: Optional[Mapping] = None) -> CheckResult:
    """Open every pair once and say what is wrong, in words.

    What is kept of a pair are a few numbers and a fingerprint of 5 KB, so
    that thousands fit in memory.

    Args:
        splits: See :func:`~.config_splits.splits_of_config` and
            :func:`~.splits.splits_of_folders`.
        cfg: The config, to compare its model with the data; None: there is
            none.
    """
    tally = _Tally()
    statistics = [SplitStatistics(split.name, split.rules,
                                  len(split.listing.samples))
                  for split in splits]
    pairs = [(i, j) for i, split in enumerate(splits)
             for j in range(len(split.listing.samples))]
    show = count_progress('pairs')
    for done, (i, j) in enumerate(pairs, 1):
        sample = splits[i].listing.samples[j]
        found = inspect_pair(sample, splits[i])
        _count(found, sample['img_path'], statistics[i])
        _remember(found, splits[i], (i, j), tally)
        show(done, len(pairs))
    _soften(tally, statistics)
    findings = [f for split in splits for f in split.listing.findings]
    findings += [describe_group(group, tally.rules[key], tally.groups)
                 for key, group in tally.groups.items()]
    findings += [*check_heads(cfg or {}, splits), *find_unused(splits),
                 *find_pseudo_labels(splits), *check_classes(statistics),
                 *check_brightness(statistics),
                 *_describe_duplicates(tally, splits)]
    training = [s for s in statistics if 'train' in s.name]
    if training:
        findings += check_normalization(
            training[0], ((cfg or {}).get('model') or {}).get(
                'data_preprocessor') or (cfg or {}).get('data_preprocessor'))
    if tally.not_loaded:
        findings.append(Finding(
            NOTE, f'Pairs that could not be loaded: {tally.not_loaded}. They '
            'are missing in the fractions of the classes and in mean and '
            'deviation.',
            'Fix the errors, and check again.'))
    findings.sort(key=lambda f: SEVERITIES.index(f.severity))
    return CheckResult(findings, statistics, tally.examples)


def _soften(tally: _Tally, statistics: Sequence[SplitStatistics]) -> None:
    """Let 255 be an ignored value where other masks mark class 1 by 1.

    Loading of this package refuses such masks all the same.
    """
    for (kind, _, loader), group in tally.groups.items():
        if kind == 'foreground_255' and loader == 'other' and any(
                s.masks_with[1:2].any() for s in statistics):
            group.severity = WARNING


def _count(found: Inspection, name: str, statistics: SplitStatistics) -> None:
    if found.loaded and found.image.dtype in (np.uint8, np.float32):
        statistics.add_image(name, found.image.astype(np.uint8, copy=False))
    if found.labels is not None:
        statistics.add_labels(found.labels)


def _remember(found: Inspection, split: Split, origin: tuple[int, int],
              tally: _Tally) -> None:
    number = origin[1]
    tally.not_loaded += not found.loaded
    for symptom in found.symptoms:
        # What a file is refused for, and how masks are read, are told apart.
        key = (symptom.kind, same_but_numbers(symptom.detail),
               split.rules.loader)
        group = tally.groups.setdefault(key, Group(symptom))
        tally.rules.setdefault(key, split.rules)
        group.add(symptom, split.name)
        if len(group.pictures) < MAX_PICTURES:
            picture = draw_picture(symptom.path, found, split)
            group.pictures += [picture] if picture else []
    if found.image is not None:
        tally.prints.append(take_fingerprint(found.image, found.labels))
        tally.origins.append(origin)
    step = max(1, len(split.listing.samples) // EXAMPLES)
    examples = tally.examples.setdefault(split.name, [])
    if number % step == 0 and len(examples) < EXAMPLES:
        picture = draw_picture(
            split.listing.samples[number]['img_path'], found, split)
        examples += [picture] if picture else []


def draw_picture(name: str, found: Inspection,
                 split: Split) -> Optional[Picture]:
    """Draw a pair small; None if neither part can be read."""
    parts = _draw(found, split)
    if all(part is None for part in parts):
        return None
    return Picture(name, *map(_encode, parts))


def _draw(found: Inspection, split: Split) -> list[Optional[np.ndarray]]:
    """Return image and mask, small, each None if there is none."""
    image, mask, labels = found.image, found.values, found.labels
    if image is not None:
        image = _visible(_shrink(image, cv2.INTER_AREA))
    if labels is not None and split.rules.palette:
        mask = paint(_shrink(labels, cv2.INTER_NEAREST), split.rules.palette)
    elif mask is not None:
        mask = _visible(_shrink(mask, cv2.INTER_NEAREST))
        mask = mask if mask.ndim == 2 else mask[..., ::-1]
    return [image, mask]


def _beside(found: Inspection, split: Split) -> Optional[np.ndarray]:
    """Draw image and mask in one picture."""
    parts = [part if part.ndim == 3 else np.repeat(part[..., None], 3, 2)
             for part in _draw(found, split) if part is not None]
    height = min((len(part) for part in parts), default=0)
    return np.hstack([part[:height, :, :3] for part in parts]
                     ) if parts else None


def _shrink(picture: np.ndarray, how: int) -> np.ndarray:
    factor = THUMBNAIL / max(picture.shape[:2])
    if picture.dtype not in (np.uint8, np.uint16, np.float32):
        picture = picture.astype(np.float32)  # what OpenCV can resize
    if factor >= 1:
        return picture
    height, width = (max(1, round(length * factor))
                     for length in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=how)


def _visible(picture: np.ndarray) -> np.ndarray:
    """Stretch numbers that are not a picture of 8 bits over 0 to 255."""
    if picture.dtype == np.uint8 and picture.max() > 32:
        return picture
    picture = np.nan_to_num(picture)
    low, high = float(picture.min()), float(picture.max())
    return ((picture - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)


def _encode(picture: Optional[np.ndarray]) -> bytes:
    if picture is None:
        return b''
    return cv2.imencode('.jpg', np.ascontiguousarray(picture),
                        [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _describe_duplicates(tally: _Tally,
                         splits: Sequence[Split]) -> Iterator[Finding]:
    """Say which pictures are the same, within and across splits."""
    groups: dict[tuple, list[Duplicate]] = {}
    for pair in find_duplicates(tally.prints):
        names = sorted({splits[tally.origins[n][0]].name
                        for n in (pair.first, pair.second)},
                       key=lambda name: ('train' not in name, name))
        labels = {tally.prints[n].labels for n in (pair.first, pair.second)}
        # Of another size or turned, masks cannot be compared by digest.
        differ = pair.identical and len(labels) == 2 and None not in labels
        predicted = len(names) == 2 and 'train' in names[0] and (
            _is_predicted(pair, names[0], tally, splits))
        groups.setdefault((*names, pair.identical, differ, predicted),
                          []).append(pair)
    for (*names, identical, differ, predicted), pairs in groups.items():
        yield _describe_pairs(names, identical, differ, predicted, pairs,
                              tally, splits)


def _is_predicted(pair: Duplicate, train: str, tally: _Tally,
                  splits: Sequence[Split]) -> bool:
    """Tell whether the mask of a training image is a model's."""
    for n in (pair.first, pair.second):
        i, j = tally.origins[n]
        path = splits[i].listing.samples[j].get('seg_map_path')
        if splits[i].name == train and path is not None:
            return find_marked(osp.dirname(path)) is not None
    return False


def _describe_pairs(names: list[str], identical: bool, differ: bool,
                    predicted: bool, pairs: list[Duplicate], tally: _Tally,
                    splits: Sequence[Split]) -> Finding:
    def name(pair: Duplicate) -> str:
        paths = (splits[i].listing.samples[j]['img_path'] for i, j in (
            tally.origins[pair.first], tally.origins[pair.second]))
        return ' and '.join(dict.fromkeys(paths))  # one file may be in both

    likeness = ('identical' if identical else
                'nearly identical (the same picture at another size, '
                'brightness or compression)')
    turned = sum(pair.turned for pair in pairs)
    if turned:
        likeness += f', {turned} of them mirrored or turned'
    number = f'{counted(len(pairs), "pair")} of images'
    masks = ' Their masks differ.' if differ else ''
    if predicted:
        severity, fix = NOTE, SAY_SO
        what = (f'{number}, one in {names[0]} and one in {names[1]}, are '
                f'{likeness}. In {names[0]} they have pseudo-labels: what is '
                f'measured on them is {TRANSDUCTIVE}')
    elif len(names) == 2:
        leak = 'train' in names[0]
        severity = ERROR if identical and leak else WARNING
        harm = ('the model is tested on what it has learnt by heart' if leak
                else 'the two parts are not independent')
        what = (f'{number}, one in {names[0]} and one in {names[1]}, are '
                f'{likeness}: {harm}.{masks}')
        fix = (f'Take the images out of {names[0]}. Split first, and only '
               'then crop or augment; keep fields of one sample in one part.')
    else:
        severity = WARNING if differ else NOTE
        what = f'{number} of {names[0]} are {likeness}.{masks}'
        fix = ('Correct the masks, or take one of each out.' if differ
               else 'Take one of each out; else they count twice.')
    pictures = []
    for pair in pairs[:MAX_PICTURES]:
        both = []
        for i, j in (tally.origins[pair.first], tally.origins[pair.second]):
            found = inspect_pair(splits[i].listing.samples[j], splits[i])
            both.append(_encode(_beside(found, splits[i])))
        pictures.append(Picture(name(pair), *both))
    return Finding(severity, what, fix, tuple(map(name, pairs[:MAX_NAMES])),
                   len(pairs), tuple(pictures))
