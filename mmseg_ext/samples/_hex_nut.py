"""A turned steel nut on a painted plate, seen from above, in colour.

Lengths are in units of half the nut's width across flats, with the origin in
its middle, unless they are called pixels.
"""
import math
from dataclasses import dataclass

import cv2
import numpy as np

from ._rendering import (
    defect_area,
    distance,
    grow,
    grow_patch,
    illumination,
    reflect,
    smooth_noise,
    sunlight,
)

DEFECTS = ('chip', 'scratch')

THREAD, COUNTERSINK, FACE, CORNER = 0.40, 0.50, 0.58, 0.95  # inner radii
# Radial slope of the surface between the radii; positive falls outwards.
RADII = (0.49, 0.51, 0.57, 0.59, 0.94, 0.96)
SLOPES = (-0.9, -0.7, -0.7, 0, 0, 0.5)
STEEL = np.array([1.0, 0.985, 0.95], np.float32)
PLATE = np.array([74, 80, 88], np.float32)


@dataclass
class _Nut:
    """Where the nut lies and how it is lit; maps are (S, S)."""
    radius: np.ndarray
    angle: np.ndarray
    edge: np.ndarray  # pixels outside the outline, negative inside
    unit: float  # pixels
    cover: np.ndarray  # fraction of each pixel that metal covers, 0-1
    azimuth: float  # degrees, of the light
    sun: np.ndarray  # unit vector to it


def paint_hex_nut(scene: np.random.Generator, flaw: np.random.Generator,
                  kind: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Paint a nut without and with a defect.

    Args:
        scene: Generator of everything but the defect.
        flaw: Generator of the defect.
        kind: One of ``DEFECTS``, or 'good'.
        size: Side of the picture in pixels.

    Returns:
        Two pictures (S, S, 3), RGB, 0-255, one and the same for 'good'.
    """
    nut = _place(scene, size)
    plate = _paint_plate(scene, nut)
    metal = _paint_metal(scene, nut)
    light = illumination(scene, (size, size), 0.35)
    warmth = scene.uniform(-0.025, 0.025) * np.array([1, 0, -1])
    tint = (STEEL + warmth).astype(np.float32)

    def compose(metal: np.ndarray, cover: np.ndarray) -> np.ndarray:
        # (S, S) -> (S, S, 3)
        cover = cover[..., None]
        return light[..., None] * (
            plate * (1 - cover) + (metal[..., None] * tint) * cover)

    clean = compose(metal, nut.cover)
    if kind == 'good':
        return clean, clean
    flaw_of = dict(chip=_chip, scratch=_scratch)[kind]
    return clean, compose(*flaw_of(flaw, nut, metal))


def _place(rng: np.random.Generator, size: int) -> _Nut:
    unit = size * 0.345 * rng.uniform(0.98, 1.02)
    middle_x, middle_y = (size * rng.uniform(0.465, 0.535) for _ in range(2))
    y, x = np.indices((size, size), np.float32)
    x, y = (x - middle_x) / unit, (y - middle_y) / unit
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    turn = rng.uniform(-12, 12)
    flats = [np.abs(x * math.cos(a) + y * math.sin(a))
             for a in map(math.radians, (turn, turn + 60, turn + 120))]
    edge = (np.maximum(np.max(flats, axis=0), radius - 0.12) - 1) * unit
    bore = (THREAD - radius) * unit
    cover = (0.5 - np.maximum(edge, bore)).clip(0, 1)
    azimuth = rng.uniform(-150, -90)
    sun = sunlight(azimuth, rng.uniform(42, 55))
    return _Nut(radius, angle, edge, unit, cover, azimuth, sun)


def _paint_plate(rng: np.random.Generator, nut: _Nut) -> np.ndarray:
    """Return the (S, S, 3) background with dust and the nut's shadow."""
    size = nut.edge.shape
    grain = 0.05 * smooth_noise(rng, size, 2) + 0.02 * smooth_noise(
        rng, size, 30)
    dust = np.zeros(size, np.uint8)  # OpenCV smooths no other type
    for _ in range(rng.poisson(9)):
        spot = rng.uniform(0, size[0], 2)
        cv2.circle(dust, tuple(int(c * 16) for c in spot),
                   int(rng.uniform(0.4, 1.3) * 16), rng.uniform(25, 180),
                   -1, cv2.LINE_AA, shift=4)
    # Light falls in from the sun, so the shadow lies on the other side.
    offset = -0.07 * nut.unit * nut.sun[:2]
    move = np.float32([[1, 0, offset[0]], [0, 1, offset[1]]])
    shadow = cv2.warpAffine(nut.cover, move, size[::-1])
    shadow = cv2.GaussianBlur(shadow, (0, 0), 0.05 * nut.unit)
    # The bore is deep, and little light reaches its ground.
    shadow = np.maximum(0.6 * shadow, 0.75 * (nut.radius < COUNTERSINK))
    shade = (1 + grain + dust / np.float32(255)) * (1 - shadow)
    return shade[..., None] * PLATE * rng.uniform(0.85, 1.15)


def _shade(slope_x: np.ndarray, slope_y: np.ndarray,
           sun: np.ndarray) -> np.ndarray:
    """Return the brightness, about 0-1, of metal that falls along a slope."""
    matt, mirror = reflect((slope_x, slope_y, np.float32(1)), sun)
    return 0.1 + 0.5 * matt + 0.5 * mirror**24


def _polar_noise(rng: np.random.Generator, nut: _Nut, pitch: float,
                 arc: int) -> np.ndarray:
    """Return (S, S) noise in arcs around the middle, as a lathe leaves it.

    Args:
        pitch: Radial width of an arc in pixels.
        arc: Length of an arc in degrees.
    """
    rows = int(1.3 * nut.unit / pitch) + 2
    table = rng.standard_normal((rows, 360), dtype=np.float32)
    # A moving mean that closes around the circle keeps unit variance.
    wrapped = np.concatenate([table, table[:, :arc - 1]], axis=1)
    sums = np.cumsum(np.pad(wrapped, ((0, 0), (1, 0))), axis=1)
    table = (sums[:, arc:] - sums[:, :-arc]) / np.sqrt(arc)
    return cv2.remap(
        table,
        (np.degrees(nut.angle) % 360).astype(np.float32),
        (nut.radius * nut.unit / pitch).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _paint_metal(rng: np.random.Generator, nut: _Nut) -> np.ndarray:
    """Return the (S, S) grey levels of the nut, 0-255."""
    size = nut.edge.shape
    slope = np.interp(nut.radius, RADII, SLOPES).astype(np.float32)
    thread = np.sin(2 * np.pi * nut.radius / 0.05 - nut.angle)
    slope = np.where(nut.radius < COUNTERSINK, -0.6 + 0.9 * thread, slope)
    slope += 0.02 * smooth_noise(rng, size, 0.3 * nut.unit)
    grey = _shade(slope * np.cos(nut.angle), slope * np.sin(nut.angle),
                  nut.sun)

    # Grooves of the lathe throw two fans of light, to and from the sun.
    azimuth = math.radians(nut.azimuth)
    width = rng.uniform(0.3, 0.5)
    fans = np.exp(-(np.sin(nut.angle - azimuth) / width)**2)
    grooves = (_polar_noise(rng, nut, 1.2, 25)
               + _polar_noise(rng, nut, 2.5, 120))
    face = (nut.radius > FACE) & (nut.radius < CORNER)
    turned = np.where(face, np.float32(1), np.float32(0.35))
    grey += turned * (0.28 * fans + (0.025 + 0.03 * fans) * grooves)
    grey *= 1 + 0.07 * smooth_noise(rng, size, 0.25 * nut.unit)
    deep = ((COUNTERSINK - nut.radius) / (COUNTERSINK - THREAD)).clip(0, 1)
    return 230 * grey * (1 - 0.75 * deep)


def _chip(rng: np.random.Generator, nut: _Nut,
          metal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Break a piece off the rim; return metal and cover."""
    size = nut.edge.shape
    part = nut.cover > 0.5
    rim = np.argwhere(np.abs(nut.edge) < 0.7)
    spot = tuple(rim[rng.integers(len(rim))].tolist())  # (y, x)
    area = defect_area(rng, size)
    hurt, depth = grow_patch(rng, spot, part, area)
    reach = math.sqrt(area)
    y, x = np.indices(size, np.float32)
    # Facets of the fracture fall towards the middle, but each its own way.
    facets = [smooth_noise(rng, size, max(2.5, 0.15 * reach))
              for _ in range(2)]
    fall_x, fall_y = (spot[1] - x) / reach, (spot[0] - y) / reach
    broken = 215 * _shade(fall_x + 0.5 * facets[0],
                          fall_y + 0.5 * facets[1], nut.sun)
    broken *= 1 + 0.15 * smooth_noise(rng, size, 1.5)
    cover = np.where(hurt & (depth < 0.55), 0, nut.cover)
    return np.where(hurt, broken, metal), cover


def _scratch(rng: np.random.Generator, nut: _Nut,
             metal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drag something hard over the face; return metal and cover."""
    size = nut.edge.shape
    area = defect_area(rng, size, largest=0.02)
    strokes = 1 + int(rng.integers(0, 2) + area / (0.004 * size[0]**2))
    spots = np.argwhere((nut.radius > 0.68) & (nut.radius < 0.86))
    spot = spots[rng.integers(len(spots))][::-1]
    outward = nut.angle[spot[1], spot[0]]
    heading = outward + np.pi / 2 + rng.uniform(-0.9, 0.9)
    length = min(0.6 * nut.unit, np.sqrt(24 * area / strokes) / 2)

    line = np.zeros(size, np.uint8)
    for _ in range(strokes):
        t = np.linspace(-1, 1, 24) * length * rng.uniform(0.7, 1.1)
        curve = rng.uniform(-0.3, 0.3) * t**2 / nut.unit
        turn = heading + rng.normal(0, 0.12)
        side = rng.normal(0, 0.11 * nut.unit) * (strokes > 1)
        along = np.array([np.cos(turn), np.sin(turn)])
        across = np.array([-along[1], along[0]])
        path = spot + t[:, None] * along + (curve + side)[:, None] * across
        cv2.polylines(line, [np.rint(path * 16).astype(np.int32)], False, 1,
                      1, cv2.LINE_8, shift=4)
    away = distance(line == 0)
    away *= np.exp(0.35 * smooth_noise(rng, size, 9))
    allowed = (nut.edge < -1) & (nut.radius > FACE)
    hurt, aside = grow(away, allowed, area)

    # A groove: one bank lies in the light and the other in the shade.
    height = -np.exp(-2 * aside**2)
    height = cv2.GaussianBlur(height, (0, 0), 0.7)
    slope_y, slope_x = np.gradient(-height * 2.2)
    groove = 215 * _shade(slope_x, slope_y, nut.sun)
    groove *= 1 + 0.12 * smooth_noise(rng, size, 2)
    return np.where(hurt, groove, metal), nut.cover
