"""Folders of images and masks, as people have them."""
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_ext.conversion import Pair

HEIGHT, WIDTH = 20, 30


def write(path: Path, pixels: np.ndarray, suffix: str = '') -> Path:
    """Write pixels (colours as red, green, blue) where imwrite may not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if pixels.ndim == 3:
        order = [2, 1, 0, *range(3, pixels.shape[2])]
        pixels = pixels[..., order]
    data = cv2.imencode(suffix or path.suffix, pixels)[1]
    path.write_bytes(data.tobytes())
    return path


@pytest.fixture
def photograph() -> np.ndarray:
    """A picture of many shades of grey, none of them twice in a row."""
    return np.random.default_rng(0).integers(
        20, 200, (HEIGHT, WIDTH), dtype=np.uint8)


@pytest.fixture
def pair(tmp_path, photograph) -> Callable[..., Pair]:
    """Write an image and its mask to ``source``; return the pair."""

    def build(mask, name='a', split='train', suffix='.png', image=None):
        image = photograph if image is None else image
        return Pair(
            name, split,
            str(write(tmp_path / f'source/images/{name}.png', image)),
            str(write(tmp_path / f'source/masks/{name}{suffix}', mask)))
    return build


@pytest.fixture(scope='session')
def nasa_root(repository) -> Path:
    """The real images of NASA's Super1, where this machine has them."""
    root = repository.parent / 'shared/data/nasa_super1'
    if not root.is_dir():
        pytest.skip(f'needs the images of NASA Super1 in {root}')
    return root
