"""A small set of sound pairs to spoil, and the check of it."""
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_ext.basics.command_line import add_config_options, new_parser
from mmseg_ext.checking import (
    CheckResult,
    check_splits,
    splits_of_folders,
)

CLASSES = ('ferrite', 'pearlite', 'pores')


class PairSet:
    """Pairs of 64 x 48 pixels: three to train on, two to validate.

    ``images/train/0.png`` and ``masks/train/0.png`` and so on.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for split, seeds in (('train', (0, 1, 2)), ('val', (3, 4))):
            for seed in seeds:
                self.save(f'images/{split}/{seed}.png', self.texture(seed))
                self.save(f'masks/{split}/{seed}.png', self.phases(seed))

    @staticmethod
    def texture(seed: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
        """Return grains of about 8 pixels, of mean 120, (H, W) uint8."""
        coarse = np.random.default_rng(seed).integers(
            20, 220, (size[0] // 8, size[1] // 8)).astype(np.float32)
        grey = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
        return (grey - grey.mean() + 120).clip(0, 255).astype(np.uint8)

    @classmethod
    def phases(cls, seed: int, number: int = 3) -> np.ndarray:
        """Return class ids that cover equal areas, (48, 64) uint8."""
        grey = cls.texture(seed)
        limits = np.quantile(grey, np.linspace(0, 1, number + 1)[1:-1])
        return np.digitize(grey, limits).astype(np.uint8)

    def save(self, name: str, picture: np.ndarray) -> None:
        """Write a picture; colours are blue, green, red, as in OpenCV."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), picture)

    def save_masks(self, change: Callable[[np.ndarray], np.ndarray],
                   suffix: str = 'png', number: int = 3) -> None:
        """Write all masks anew, changed by a function of their class ids."""
        for path in list(self.root.glob('masks/*/*.*')):
            path.unlink()
        for split, seeds in (('train', (0, 1, 2)), ('val', (3, 4))):
            for seed in seeds:
                self.save(f'masks/{split}/{seed}.{suffix}',
                          change(self.phases(seed, number)))

    def check(self, classes=CLASSES, **options) -> CheckResult:
        """Check the set as SEMDataset reads it."""
        return check_splits(splits_of_folders(
            *(str(self.root / f'{kind}/train') for kind in (
                'images', 'masks')), classes,
            *(str(self.root / f'{kind}/val') for kind in (
                'images', 'masks')), options))


@pytest.fixture
def pairs(tmp_path) -> PairSet:
    return PairSet(tmp_path / 'set')


@pytest.fixture
def find():
    """Return a function that picks the one finding with some words."""
    def find(result: CheckResult, words: str):
        matching = [f for f in result.findings if words in f.what]
        assert len(matching) == 1, [f.what for f in result.findings]
        return matching[0]
    return find


@pytest.fixture
def options():
    """Return a function that reads the options that a finding advises.

    As the shell and the tool read them.
    """
    def options(finding) -> dict:
        parser = new_parser('A tool.')
        add_config_options(parser)
        words = re.search(r"--dataset-options (?:'[^']+'|[^\s,;]+)",
                          finding.fix)
        return parser.parse_args(shlex.split(words[0])).dataset_options
    return options
