"""Class fractions, and mean and deviation of the images, of a split."""
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from mmseg_ext.basics.command_line import command_for

from .arguments import write_argument
from .findings import ERROR, MAX_NAMES, NOTE, WARNING, Finding
from .pair_check import Rules

FAR = 2.0  # deviations between means, or factor between deviations
# Grey levels. In NASA's Super1 half of the test images are 15 darker than any
# for training, and adding 20 to them lifted the mIoU of all from 79 to 86.
MARGIN = 10


@dataclass
class SplitStatistics:
    """Counts of the pairs of a split that could be loaded.

    Attributes:
        name: Of the split.
        rules: Classes of the split.
        listed: Pairs that were found.
        images: Images that were read.
        masks: Class-id maps that were read, those of images without a mask
            that are background alone included.
        sizes: (width, height) -> images.
        greys: File name -> mean of the image's pixels, 0 to 255.
    """
    name: str
    rules: Rules
    listed: int = 0
    images: int = 0
    masks: int = 0
    sizes: dict = field(default_factory=dict)
    greys: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pixels = np.zeros(256, np.int64)
        self._masks_with = np.zeros(256, np.int64)
        self._sums = np.zeros((3, 3))  # number, sum, sum of squares

    def add_image(self, name: str, image: np.ndarray) -> None:
        """Count an image, (H, W, 3) uint8, blue, green, red, or (H, W)."""
        self.greys[name] = float(image.mean())
        if image.ndim == 2 or image.shape[2] == 1:
            image = np.repeat(image.reshape(*image.shape[:2], 1), 3, 2)
        self.images += 1
        size = image.shape[1], image.shape[0]
        self.sizes[size] = self.sizes.get(size, 0) + 1
        values = np.arange(256.0)
        for i in range(3):
            counts = np.bincount(image[..., 2 - i].ravel(), minlength=256)
            self._sums[:, i] += (counts.sum(), counts @ values,
                                 counts @ values**2)

    def add_labels(self, labels: np.ndarray) -> None:
        """Count the class ids of a mask, (H, W) uint8."""
        counts = np.bincount(labels.ravel(), minlength=256)
        self.masks += 1
        self._pixels += counts
        self._masks_with += counts > 0

    def merge_labels(self, other: 'SplitStatistics') -> None:
        """Add what another split of the same classes has counted."""
        self.masks += other.masks
        self._pixels += other._pixels
        self._masks_with += other._masks_with

    @property
    def mean(self) -> np.ndarray:
        """Mean of the pixels, red, green, blue, of 0 to 255."""
        return self._sums[1] / np.maximum(self._sums[0], 1)

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of the pixels, red, green, blue."""
        squares = self._sums[2] / np.maximum(self._sums[0], 1)
        return np.sqrt(np.maximum(squares - self.mean**2, 0))

    @property
    def ignored(self) -> float:
        """Fraction of all pixels that have no label, 0 to 1."""
        return (self._pixels[self.rules.ignore_index]
                / max(self._pixels.sum(), 1))

    @property
    def fractions(self) -> np.ndarray:
        """Fraction of each class of the pixels that have a label."""
        pixels = self._pixels[:len(self.rules.classes)]
        return pixels / max(pixels.sum(), 1)

    @property
    def masks_with(self) -> np.ndarray:
        """Number of masks in which each class occurs."""
        return self._masks_with[:len(self.rules.classes)]


def check_classes(all_statistics: Sequence[SplitStatistics]) -> list[Finding]:
    """Say which classes do not occur, and how much has no label."""
    findings = []
    parts = _by_purpose([s for s in all_statistics if s.masks])
    for s in parts.values():
        if s.ignored > 0.5:
            findings.append(Finding(
                WARNING, f'{100 * s.ignored:.3g} % of the pixels in {s.name} '
                f'have no label ({s.rules.ignore_index}): neither training '
                'nor the metrics see them.',
                'If that value means a class, say so: '
                + write_argument('label_map', '{value: class id}',
                                 s.rules.command_line)))
        elif s.ignored:
            findings.append(Finding(
                NOTE, f'{100 * s.ignored:.3g} % of the pixels in {s.name} '
                f'have no label ({s.rules.ignore_index}).'))
    train = parts.pop('train', None)
    if train is None:
        return findings
    names = np.array(train.rules.classes)
    learnt = train.masks_with > 0
    if learnt.sum() < 2 <= len(names):
        only = f' but {_quote(names[learnt])}' if learnt.any() else ''
        return [*findings, Finding(
            ERROR, f'No class{only} occurs in the masks for training: there '
            'is nothing to learn.', 'Look at the masks below, and at what '
            'label_map says.')]
    if not learnt.all():
        # as where a file of three classes holds 1 and 2, and others 3
        from_1 = ('' if learnt[0] or not learnt[1:].any() else
                  ' If the masks number their classes from 1, as ilastik '
                  'does, say so: ' + write_argument(
                      'label_map', str({i + 1: i for i in range(len(names))}),
                      train.rules.command_line))
        findings.append(Finding(
            WARNING, f'In the {train.masks} masks for training that could be '
            f'read, no pixel is of {_quote(names[~learnt])}: the model cannot '
            'learn it.', 'Add images that show it, or take it out of the '
            f'classes, and out of num_classes.{from_1}'))
    for s in parts.values():
        if list(s.rules.classes) != list(train.rules.classes):
            findings.append(Finding(
                ERROR, f'The classes of {s.name}, {tuple(s.rules.classes)}, '
                f'are not those of training, {tuple(train.rules.classes)}.',
                'Give all datasets of the config one metainfo.'))
            continue
        tested = s.masks_with > 0
        if (tested & ~learnt).any():
            findings.append(Finding(
                WARNING, f'{_quote(names[tested & ~learnt])} occurs in '
                f'{s.name} alone: its IoU there will be 0.',
                'Deal the images out anew, so that training has it.'))
        if (learnt & ~tested).any():
            findings.append(Finding(
                NOTE, f'No pixel of {s.name} is of '
                f'{_quote(names[learnt & ~tested])}: it has no IoU there '
                '(nan).'))
    return findings


def _by_purpose(
        parts: Sequence[SplitStatistics]) -> dict[str, SplitStatistics]:
    """Pool the datasets of one split, such as those of a ConcatDataset."""
    pooled = {}
    for s in parts:
        name = 'train' if 'train' in s.name.split('/') else s.name
        if name not in pooled:
            pooled[name] = SplitStatistics(name, s.rules)
        pooled[name].merge_labels(s)
    return pooled


def _quote(names: Sequence[str]) -> str:
    return ', '.join(repr(str(name)) for name in names)


def check_normalization(statistics: SplitStatistics,
                        preprocessor: Optional[Mapping]) -> list[Finding]:
    """Compare the images with what the model subtracts and divides by."""
    mean, std = ((preprocessor or {}).get(key) for key in ('mean', 'std'))
    if not statistics.images or mean is None or std is None:
        return []
    if not preprocessor.get('bgr_to_rgb'):
        mean, std = mean[::-1], std[::-1]
    mean, std = np.array(mean, float), np.array(std, float)
    if len(mean) != 3 or not (std > 0).all():
        return []
    off = np.abs(statistics.mean - mean) / std
    ratio = np.maximum(statistics.std, 1e-3) / std
    if (off <= FAR).all() and (ratio >= 1 / FAR / 2).all() and (
            ratio <= FAR).all():
        return []
    order = slice(None) if preprocessor.get('bgr_to_rgb') else slice(
        None, None, -1)
    new = ', '.join(
        f'{key}={np.round(value[order], 2).tolist()}'
        for key, value in (('mean', statistics.mean), ('std', statistics.std)))
    return [Finding(
        NOTE, 'The images for training are far from what the model expects: '
        f'their mean is {_round(statistics.mean)} and their deviation '
        f'{_round(statistics.std)}, the config normalizes with '
        f'{_round(mean)} and {_round(std)} (red, green, blue).',
        'Without pretrained weights, normalize with the data\'s own: model = '
        f'dict(data_preprocessor=dict({new})). With them, leave it, and look '
        'whether the images are too dark, bright or flat.')]


def check_brightness(
        all_statistics: Sequence[SplitStatistics]) -> list[Finding]:
    """Name the images that are darker or brighter than all of training."""
    training = [grey for s in all_statistics if 'train' in s.name.split('/')
                for grey in s.greys.values()]
    if not training:
        return []
    low, high = min(training), max(training)
    findings = []
    for s in all_statistics:
        odd = {name: grey for name, grey in s.greys.items()
               if not low - MARGIN <= grey <= high + MARGIN}
        if odd:
            names = sorted(odd, key=odd.get)
            means = ' to '.join(dict.fromkeys(
                f'{odd[name]:.0f}' for name in (names[0], names[-1])))
            findings.append(Finding(
                WARNING, f'Darker or brighter than every image for training: '
                f'{len(odd)} of the {s.images} images in {s.name}, with mean '
                f'grey levels of {means}; those of training are {low:.0f} to '
                f'{high:.0f}.',
                'Train on images of every brightness that will be measured: '
                'deal the images out anew, or add '
                "dict(type='RandomBrightnessContrastGamma', prob=0.8, "
                f'brightness={_brightness(low, high, odd.values()):.2f}) to '
                'the training pipeline. A trained model is adapted by '
                f'{command_for("adapt")}.',
                tuple(names[:MAX_NAMES]), len(odd)))
    return findings


def _brightness(low: float, high: float, others: Collection[float]) -> float:
    """Return the fraction of 255 that reaches others, in steps of 0.05."""
    gap = max(low - min(others), max(others) - high) / 255
    return min(1.0, math.ceil(20 * gap) / 20)


def _round(values: np.ndarray) -> str:
    return ', '.join(f'{value:.0f}' for value in values)
