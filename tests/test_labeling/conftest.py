"""Surfaces with one defect, drawn, and real ones."""
from typing import NamedTuple

import cv2
import numpy as np
import pytest


class Surface(NamedTuple):
    image: np.ndarray
    truth: np.ndarray
    cam: np.ndarray
    points: list


def coarse(truth: np.ndarray, cell: int = 32) -> np.ndarray:
    """A CAM as a perfect classifier would give it: the truth in cells."""
    height, width = truth.shape
    grid = cv2.resize(truth.astype(np.float32),
                      (round(width / cell), round(height / cell)),
                      interpolation=cv2.INTER_AREA)
    grid = cv2.GaussianBlur(grid, (0, 0), 0.7)
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)


def surface(kind: str, seed: int = 0) -> Surface:
    """Grey texture, 160 x 224 pixels, with a defect of a kind."""
    rng = np.random.default_rng(seed)
    height, width = 160, 224
    texture = cv2.GaussianBlur(rng.normal(0, 40, (height, width)), (0, 0), 1)
    truth = np.zeros((height, width), np.uint8)
    if kind in ('crack', 'scratch'):
        line = np.array([[120, 40], [150, 52], [170, 50], [205, 70]])
        cv2.polylines(truth, [line], False, 1, thickness=4)
    elif kind == 'dot':
        cv2.circle(truth, (60, 100), 3, 1, -1)
    else:
        cv2.ellipse(truth, (140, 90), (52, 30), 20, 0, 360, 1, -1)
    depth = 70 if kind == 'scratch' else -70
    grey = 130 + texture + depth * cv2.GaussianBlur(
        truth.astype(float), (0, 0), 0.7)
    image = np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)
    cam = coarse(truth)
    peak = np.unravel_index(cam.argmax(), cam.shape)
    return Surface(image, truth > 0, cam, [tuple(map(int, peak))])


@pytest.fixture(params=['crack', 'scratch', 'dot', 'stain'])
def any_surface(request) -> Surface:
    return surface(request.param)


@pytest.fixture
def crack() -> Surface:
    return surface('crack')


@pytest.fixture
def real_defects(repository) -> list[Surface]:
    """Six defective commutators, where this machine has them."""
    root = repository.parent / 'shared/data/ksdd2_layout/train'
    if not root.is_dir():
        pytest.skip(f'needs the commutator surfaces in {root}')
    found = []
    for path in sorted(root.glob('*_GT.png')):
        truth = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 0
        if truth.any() and len(found) < 6:
            image = cv2.imread(str(path).replace('_GT', ''))[..., ::-1]
            cam = coarse(truth)
            peak = np.unravel_index(cam.argmax(), cam.shape)
            found.append(Surface(np.ascontiguousarray(image), truth, cam,
                                 [tuple(map(int, peak))]))
    return found
