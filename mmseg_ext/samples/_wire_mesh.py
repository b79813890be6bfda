"""A plain weave of steel wires before a dark ground, in grey.

Lengths are in pitches of the weave, with the origin near the middle of the
picture, unless they are called pixels.
"""
import math
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ._rendering import (
    bend,
    defect_area,
    grow_patch,
    illumination,
    reflect,
    smooth_noise,
    sunlight,
)

DEFECTS = ('missing_wire', 'stain')

RADIUS = 0.235  # of a wire
MOST = 16  # wires either side of the middle, more than a picture shows
MIN_PITCH = 9  # pixels; with less the shading of a wire is lost


@dataclass
class _Weave:
    """The state of the cloth; the first index of an array is the direction.

    Wires of direction 0 run along y and are counted along x, those of
    direction 1 the other way round.
    """
    places: np.ndarray  # (2, S, S), x and y of the pixels
    pitch: float  # pixels
    offsets: np.ndarray  # (2, 2 * MOST), of the wires from their places
    tones: np.ndarray  # (2, 2 * MOST)
    knuckles: np.ndarray  # (2, 2 * MOST, 2 * MOST), brightness of each
    sun: np.ndarray  # unit vector (x, y, z) to the light


@dataclass
class _Gap:
    """Neighbouring wires that are missing along a part of their length."""
    direction: int
    first: int
    spans: list[tuple[float, float]]  # of each wire
    swerves: list[tuple[float, float]]  # sideways, of the ends left over


def paint_wire_mesh(scene: np.random.Generator, flaw: np.random.Generator,
                    kind: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Paint a piece of mesh without and with a defect.

    Args:
        scene: Generator of everything but the defect.
        flaw: Generator of the defect.
        kind: One of ``DEFECTS``, or 'good'.
        size: Side of the picture in pixels.

    Returns:
        Two pictures (S, S), 0-255, one and the same for 'good'.
    """
    weave = _weave(scene, size)
    square = (size, size)
    ground = 30 * (1 + 0.25 * smooth_noise(scene, square, 0.3 * size))
    ground *= 1 + 0.06 * smooth_noise(scene, square, 2)
    marks = 1 + 0.05 * smooth_noise(scene, square, 1.5)
    light = illumination(scene, square, 0.5)

    def look(gap: Optional[_Gap] = None) -> np.ndarray:
        wires, cover = _paint_wires(weave, gap)
        return light * (ground * (1 - cover) + marks * wires * cover)

    clean = look()
    if kind == 'good':
        return clean, clean
    if kind == 'missing_wire':
        return clean, look(_tear(flaw, weave))
    return clean, _soil(flaw, clean)


def _weave(rng: np.random.Generator, size: int) -> _Weave:
    pitch = max(MIN_PITCH, size / rng.uniform(14.5, 16.5))
    turn = math.radians(rng.uniform(-6, 6))
    pixels = np.stack(np.indices((size, size), np.float32)[::-1], axis=-1)
    pixels += bend(rng, (size, size), 0.4 * size, 0.06 * pitch)
    x, y = np.moveaxis((pixels - size / 2) / pitch, -1, 0)
    x, y = x + rng.random(), y + rng.random()
    places = np.stack([x * math.cos(turn) + y * math.sin(turn),
                       y * math.cos(turn) - x * math.sin(turn)])
    sun = sunlight(rng.uniform(0, 360), rng.uniform(45, 65))
    offsets, tones = rng.standard_normal((2, 2, 2 * MOST), np.float32)
    knuckles = rng.standard_normal((2, 2 * MOST, 2 * MOST), np.float32)
    return _Weave(places, pitch, 0.035 * offsets.clip(-2, 2),
                  np.exp(0.07 * tones), np.exp(0.15 * knuckles), sun)


def _paint_wires(weave: _Weave,
                 gap: Optional[_Gap]) -> tuple[np.ndarray, np.ndarray]:
    """Return (S, S) grey levels of the wires and the fraction they cover."""
    layers = [_paint_direction(weave, direction, gap)
              for direction in range(2)]
    (grey_0, cover_0, height_0), (grey_1, cover_1, height_1) = layers
    # Heights cross steeply, so that a soft choice is sharp enough.
    above = (0.5 + 6 * (height_0 - height_1)).clip(0, 1)
    fraction_0 = cover_0 * (1 - cover_1 * (1 - above))
    fraction_1 = cover_1 * (1 - cover_0 * above)
    cover = fraction_0 + fraction_1
    grey = grey_0 * fraction_0 + grey_1 * fraction_1
    return grey / np.maximum(cover, 1e-3), cover


def _paint_direction(
        weave: _Weave, direction: int,
        gap: Optional[_Gap]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (S, S) grey level, cover and height of one set of wires."""
    across, along = weave.places[[direction, 1 - direction]]
    wire = np.floor(across).astype(np.int32)
    aside = across - wire - 0.5 - weave.offsets[direction, wire + MOST]
    there = np.ones(wire.shape, bool)
    if gap is not None and gap.direction == direction:
        for k, (start, stop) in enumerate(gap.spans):
            torn = wire == gap.first + k
            # Loose ends swerve where nothing holds them any more.
            middle = (start + stop) / 2
            swerve = np.where(along < middle, *np.float32(gap.swerves[k]))
            beyond = np.abs(along - middle) - (stop - start) / 2
            aside -= torn * swerve * np.exp(-beyond.clip(0) / 0.8)
            there &= ~torn | (beyond > 0)

    tilt = (aside / RADIUS).clip(-1, 1)
    # Over and under, alternating along a wire and from wire to wire.
    sign = np.float32((1, -1))[(wire + direction) % 2]
    crimp = sign * (1 - _slack(weave, direction, gap))
    lift = crimp * np.cos(np.pi * (along - 0.5))
    fall = 0.45 * crimp * np.sin(np.pi * (along - 0.5))  # along the wire
    bulge = np.sqrt(1 - 0.95 * tilt**2)
    normal = (tilt, fall * bulge, bulge)
    if direction == 1:
        normal = (normal[1], normal[0], bulge)
    matt, mirror = reflect(normal, weave.sun)
    knuckle = weave.knuckles[direction, wire + MOST,
                             np.floor(along).astype(np.int32) + MOST]
    grey = 25 + 125 * matt + 110 * knuckle * mirror**20
    # A wire lies in the shade where others pass over it.
    grey *= (0.72 + 0.28 * lift) * weave.tones[direction, wire + MOST]
    cover = ((RADIUS - np.abs(aside)) * weave.pitch + 0.5).clip(0, 1) * there
    return grey, cover, lift


def _slack(weave: _Weave, direction: int,
           gap: Optional[_Gap]) -> np.ndarray | int:
    """Return how far, 0-1, wires lie straight for want of a wire to cross."""
    if gap is None or gap.direction == direction:
        return 0
    across, along = weave.places[[gap.direction, direction]]
    slack = 0
    for k, (start, stop) in enumerate(gap.spans):
        beside = np.abs(across - (gap.first + k + 0.5))
        beyond = np.abs(along - (start + stop) / 2) - (stop - start) / 2
        slack = np.maximum(slack, (1.6 - 2 * beside).clip(0, 1)
                           * (0.5 - 2 * beyond).clip(0, 1))
    return slack


def _spot(rng: np.random.Generator, size: int) -> tuple[int, int]:
    """Draw a pixel (y, x) that is not close to the border."""
    y, x = rng.uniform(0.22, 0.78, 2) * size
    return int(y), int(x)


def _tear(rng: np.random.Generator, weave: _Weave) -> _Gap:
    """Draw a gap of about the area of a defect."""
    size = weave.places.shape[1]
    area = defect_area(rng, (size, size)) / weave.pitch**2
    # A lost wire changes a strip of about 0.75 by its length and 1 more.
    # What is longer than half the picture is spread over several wires.
    strip = area / 0.75
    count = math.ceil(strip / (0.5 * size / weave.pitch))
    length = max(0.8, strip / count - 1)
    direction = int(rng.integers(2))
    y, x = _spot(rng, size)
    across, along = weave.places[[direction, 1 - direction], y, x]
    starts = along - length / 2 + rng.uniform(-0.25, 0.25, count)
    stops = starts + length * rng.uniform(0.9, 1.1, count)
    return _Gap(direction,
                math.floor(across) - count // 2,
                np.stack([starts, stops], axis=1).tolist(),
                rng.uniform(-0.22, 0.22, (count, 2)).tolist())


def _soil(rng: np.random.Generator, clean: np.ndarray) -> np.ndarray:
    """Return the picture with a patch of grease that fills the meshes."""
    size = clean.shape
    wet, depth = grow_patch(rng, _spot(rng, size[0]), np.ones(size, bool),
                            defect_area(rng, size))
    # Grease takes the gloss off the wires, dims the light between them and
    # is thickest at its rim.
    film = rng.uniform(65, 85) * (1 + 0.1 * smooth_noise(rng, size, 6))
    film = film * (1 - 0.25 * depth**6)
    return np.where(wet, 0.35 * clean + 0.6 * film, clean)
