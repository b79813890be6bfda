"""The surface of a commutator under a camera, in grey levels.

Lengths are in units of the width of the picture over 230, one pixel at the
published size, unless they are called pixels.
"""
import math

import cv2
import numpy as np

from ._rendering import grow_patch, illumination, smooth_noise

DEFECTS = ('scratch', 'spot', 'pit')

# Smallest and largest defect, as fractions of the picture. The largest real
# ones fill a third of it; here none hides how well the others are found.
FRACTIONS = dict(
    scratch=(0.001, 0.015), spot=(0.003, 0.06), pit=(0.0002, 0.006))
FINE = 4  # subdivisions of a pixel, for lines thinner than one


def paint_commutator(
        scene: np.random.Generator, flaw: np.random.Generator, kind: str,
        size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Paint a surface without and with a defect.

    Args:
        scene: Generator of everything but the defect.
        flaw: Generator of the defect.
        kind: One of ``DEFECTS``, or 'clean'.
        size: Height and width of the picture in pixels.

    Returns:
        Two pictures (H, W), 0-255, one and the same for 'clean'.
    """
    unit = size[1] / 230
    clean = _paint_surface(scene, size, unit)
    if kind == 'clean':
        return clean, clean
    low, high = (math.log(part * clean.size) for part in FRACTIONS[kind])
    area = math.exp(flaw.uniform(low, high))
    paint = dict(scratch=_scratch, spot=_spot, pit=_pits)[kind]
    return clean, paint(flaw, clean, unit, area)


def _stretched_noise(rng: np.random.Generator, size: tuple[int, int],
                     width: float, height: float) -> np.ndarray:
    """Return (H, W) unit noise that varies over other lengths in x and y."""
    coarse = rng.standard_normal(
        (int(size[0] / height) + 3, int(size[1] / width) + 3),
        dtype=np.float32)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def _grain(rng: np.random.Generator, size: tuple[int, int], sigma_x: float,
           sigma_y: float) -> np.ndarray:
    """Return (H, W) Gaussian noise of unit variance, blurred (pixels)."""
    noise = rng.standard_normal(size, dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), max(sigma_x, 0.5),
                             sigmaY=max(sigma_y, 0.5))
    return noise / noise.std()


def _paint_surface(rng: np.random.Generator, size: tuple[int, int],
                   unit: float) -> np.ndarray:
    """Return (H, W) grey levels of rough, turned and worn metal."""
    grain = _grain(rng, size, 2.6 * unit, 1.7 * unit)
    rough = np.exp(
        0.16 * smooth_noise(rng, size, 120 * unit)
        + 0.14 * _stretched_noise(rng, size, 30 * unit, 200 * unit))
    grey = rng.uniform(176, 194) + rng.uniform(13, 20) * rough * grain
    # Turning leaves streaks along the picture; wear leaves bands.
    grey += 2.5 * _grain(rng, size, 1.3 * unit, 40 * unit)
    grey += rng.uniform(2, 6) * _stretched_noise(rng, size, 28 * unit,
                                                 300 * unit)
    pores = _grain(rng, size, 2.9 * unit, 2.2 * unit)
    crowd = 0.4 * smooth_noise(rng, size, 90 * unit)
    grey -= 36 * (pores + crowd - 1.8).clip(0, 1.6)
    glints = _grain(rng, size, 2.5 * unit, 1.3 * unit)
    grey += rng.uniform(15, 35) * (glints - 1.3).clip(0, 1.4)
    grey *= illumination(rng, size, 0.05)
    if rng.random() < 0.15:
        grey = _scuff(rng, grey, unit)
    if rng.random() < 0.4:
        grey = _glare(rng, grey, unit)
    return grey.clip(0, 255)


def _scuff(rng: np.random.Generator, grey: np.ndarray,
           unit: float) -> np.ndarray:
    """Draw the trace of a touch, a row of bright points: no defect."""
    height, width = grey.shape
    line = np.zeros(grey.shape, np.uint8)
    middle = rng.uniform(-0.3, 1.3) * width, rng.uniform(0, 1) * height
    radius = rng.uniform(50, 150) * unit
    start, arc = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.2)
    for t in np.linspace(start, start + arc, int(arc * radius / 5) + 2):
        spot = (middle[0] + radius * math.cos(t),
                middle[1] + radius * math.sin(t))
        cv2.circle(line, tuple(int(c * 16) for c in spot),
                   int(rng.uniform(0.5, 1.8) * 16 * unit), 255, -1,
                   cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(line, (0, 0), 1.0)
    return grey + rng.uniform(0.1, 0.2) * soft


def _glare(rng: np.random.Generator, grey: np.ndarray,
           unit: float) -> np.ndarray:
    """Let the edge of the part blind the camera: white, and no defect."""
    height, width = grey.shape
    x = np.arange(width, dtype=np.float32)
    if rng.random() < 0.15:
        x = x[::-1]
    y = np.arange(height, dtype=np.float32)
    reach = np.full(height, -10, np.float32)
    for _ in range(rng.integers(1, 4)):
        start, length = rng.uniform(0, height), rng.uniform(50, 220) * unit
        along = ((y - start) / length).clip(0, 1)
        bulge = (np.sin(np.pi * along) * 1.2).clip(0, 1)**0.5
        reach = np.maximum(reach, rng.uniform(5, 14) * unit * bulge)
    reach += 0.8 * unit * smooth_noise(rng, (height, 1), 12 * unit)[:, 0]
    white = (0.5 + (reach[:, None] - x) / 3).clip(0, 1) * (x < 20 * unit)
    return grey * (1 - white) + 255 * white


def _scratch(rng: np.random.Generator, grey: np.ndarray, unit: float,
             area: float) -> np.ndarray:
    """Draw a thin line that wanders, mostly across the picture."""
    height, width = grey.shape
    thick = max(1.3, rng.uniform(2, 5) * unit)
    length = min(area / (0.75 * thick), 0.9 * width)
    turn = rng.normal(0, 0.25) if rng.random() < 0.7 else rng.uniform(
        0, np.pi)
    count = max(4, int(length / 3))
    headings = turn + np.cumsum(rng.normal(0, 0.1, count))
    steps = length / count * np.stack([np.cos(headings), np.sin(headings)], 1)
    path = np.cumsum(steps, axis=0)
    path -= path.mean(axis=0)
    # It starts anywhere where all of it fits, or ends at one of the sides.
    room = np.maximum((width, height) / np.float64(2)
                      - np.abs(path).max(axis=0), 0)
    place = rng.uniform(-1, 1, 2)
    if rng.random() < 0.4:
        place[0] = rng.choice((-1, 1))
    path += (width / 2, height / 2) + place * room

    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    ends = np.linspace(0, 1, count - 1)
    swell = np.sqrt(np.minimum(1, 4 * ends * (1 - ends) + 0.15))
    swell *= rng.uniform(0.7, 1.2, count - 1)
    for start, end, wide in zip(path, path[1:], swell):
        cv2.line(fine, *(tuple(int(c * FINE) for c in point)
                         for point in (start, end)),
                 255, max(1, round(wide * thick * FINE)))
    cover = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    cover = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0),
                             max(0.5, 0.6 * unit))
    depth = rng.triangular(25, 45, 80) * np.exp(
        0.25 * smooth_noise(rng, grey.shape, 12 * unit))
    if rng.random() < 0.25:  # into bare metal
        return grey + 0.8 * depth * cover
    lip = np.roll(cover, round(max(1, 1.6 * unit)), axis=0) * (1 - cover)
    return grey - depth * cover + 16 * lip


def _spot(rng: np.random.Generator, grey: np.ndarray, unit: float,
          area: float) -> np.ndarray:
    """Stain a patch, darker or brighter, its grain partly covered."""
    spot = tuple(int(rng.uniform(0, side)) for side in grey.shape)
    hurt, field = grow_patch(rng, spot, np.ones(grey.shape, bool),
                             round(area))
    cover = hurt * ((1 - field) / 0.3).clip(0, 1)
    stain = rng.triangular(25, 65, 75) * (-1 if rng.random() < 0.7 else 0.8)
    stain *= 1 + 0.2 * smooth_noise(rng, grey.shape, 10 * unit)
    plain = cv2.GaussianBlur(grey, (0, 0), 4 * unit)
    covered = rng.uniform(0.2, 0.7)
    return grey + cover * (covered * (plain - grey) + stain)


def _pits(rng: np.random.Generator, grey: np.ndarray, unit: float,
          area: float) -> np.ndarray:
    """Break out one hole or several, dark and with a lit rim."""
    count = 1 + rng.poisson(0.8)
    light = rng.uniform(0, 2 * np.pi)
    y, x = np.indices(grey.shape, np.float32)
    middle = [rng.uniform(0.05, 0.95) * side for side in grey.shape]
    fractions = rng.dirichlet(np.full(count, 2.0))
    for fraction in fractions:
        radius = max(1.5, math.sqrt(fraction * area / np.pi))
        spread = rng.normal(0, 4 * math.sqrt(area), 2) * (count > 1)
        spot = [min(max(c + s, radius), side - radius)
                for c, s, side in zip(middle, spread, grey.shape)]
        down, right = y - spot[0], x - spot[1]
        away = np.hypot(down * rng.uniform(0.8, 1.25), right) / radius
        away *= np.exp(0.12 * smooth_noise(rng, grey.shape,
                                           max(3, 0.8 * radius)))
        facing = np.cos(np.arctan2(down, right) - light)
        hole = (1.6 * (1 - away**2)).clip(0, 1)
        rim = np.exp(-((away - 1.15) / 0.22)**2) * facing.clip(0)
        depth = rng.triangular(30, 50, 90)
        grey = grey - depth * hole + 0.4 * depth * rim
    return grey
