"""Camera, canvas and sensor of the synthetic street scenes.

A scene is painted as flat parts, and the canvas keeps only the number of the
part that every pixel shows. Picture and labels are read from one map of
numbers, so that they agree in every pixel. Lengths are metres: x to the
right, y up from the ground, z ahead of the camera.
"""
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ._rendering import illumination, smooth_noise

LABEL_IDS = {
    'road': 7, 'sidewalk': 8, 'building': 11, 'wall': 12, 'fence': 13,
    'pole': 17, 'traffic light': 19, 'traffic sign': 20, 'vegetation': 21,
    'terrain': 22, 'sky': 23, 'person': 24, 'rider': 25, 'car': 26,
    'truck': 27, 'bus': 28, 'train': 31, 'motorcycle': 32, 'bicycle': 33,
}  # of Cityscapes, in the order of its train ids
VOID_IDS = {'unlabeled': 0, 'ego vehicle': 1, 'out of roi': 3, 'static': 4}
IDS = LABEL_IDS | VOID_IDS

# Colours are shared by classes, so that none of them gives one away.
PAINTS = np.array([(196, 196, 194), (38, 39, 43), (220, 220, 217),
                   (122, 32, 32), (34, 52, 92), (66, 78, 62), (150, 140, 112),
                   (188, 156, 56), (92, 94, 98)], np.float32)
CLOTHES = np.array([(40, 40, 46), (44, 56, 88), (98, 98, 104),
                    (150, 136, 112), (128, 42, 42), (205, 203, 200),
                    (70, 82, 62), (90, 70, 56)], np.float32)
GREYS = np.array([(72, 74, 77), (104, 107, 110), (140, 142, 144),
                  (52, 54, 53), (86, 94, 86)], np.float32)
MASONRY = np.array([(160, 144, 124), (134, 92, 76), (186, 178, 166),
                    (118, 115, 111), (146, 128, 106), (98, 88, 83),
                    (192, 182, 150)], np.float32)
GREENS = np.array([(60, 76, 40), (74, 90, 48), (90, 100, 58), (50, 66, 42),
                   (104, 98, 62)], np.float32)
GLASS = np.float32((54, 62, 70))
RUBBER = np.float32((34, 34, 36))
WOOD = np.float32((78, 64, 52))

SHIFT = 4  # binary digits behind the point in OpenCV's coordinates
GRAIN, PATCHES, LEAVES = range(3)  # textures


@dataclass(frozen=True)
class Camera:
    """A camera that looks along z; focal, centre and horizon in pixels."""
    focal: float
    centre: float  # column of the vanishing point
    horizon: float  # row
    height: float  # metres above the ground

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) of points (..., 3) in metres."""
        points = np.asarray(points, np.float64)
        scale = self.focal / np.maximum(points[..., 2], 0.8)
        pixels = np.empty((*points.shape[:-1], 2))
        pixels[..., 0] = self.centre + points[..., 0] * scale
        pixels[..., 1] = self.horizon - (points[..., 1] - self.height) * scale
        return pixels

    def sees(self, x: float, z: float, width: float) -> bool:
        """Return whether a place is in view, give or take the width."""
        reach = 1.2 * max(self.centre, 0.8 * self.focal) / self.focal
        return abs(x) - width < reach * z

    def facing(self, z: float) -> tuple[float, float, float]:
        """Return the plane of what stands at z, see :meth:`Canvas.fill`."""
        return 0., 0., 1 / z

    def ground(self) -> tuple[float, float, float]:
        slope = 1 / (self.focal * self.height)
        return 0., slope, -self.horizon * slope

    def along(self, x: float) -> tuple[float, float, float]:
        """Return the plane of a wall that runs along z at x."""
        slope = 1 / (self.focal * x)
        return slope, 0., -self.centre * slope


@dataclass(frozen=True)
class Sun:
    """Light that comes from a unit vector, and from everywhere."""
    vector: np.ndarray
    ambient: float
    direct: float

    def tone(self, normal: Sequence[float]) -> float:
        """Return how bright a surface of this unit normal is, about 1."""
        facing = float(np.dot(normal, self.vector))
        return self.ambient + self.direct * max(0., facing)

    def cast(self, height: float) -> np.ndarray:
        """Return where the shadow of a point falls, (x, z) from its foot."""
        return -self.vector[[0, 2]] * height / self.vector[1]


class Canvas:
    """What the camera sees, painted from far to near.

    Args:
        rng: Generator of light, weather and textures.
        size: Height and width in pixels.
        camera: Camera that all parts are seen by.
    """

    def __init__(self, rng: np.random.Generator, size: tuple[int, int],
                 camera: Camera) -> None:
        self.rng, self.size, self.camera = rng, size, camera
        azimuth, height = rng.uniform(-math.pi, math.pi), rng.uniform(0.5, 1.1)
        clear = rng.uniform(0.1, 1)  # sky: overcast to blue
        self.sun = Sun(
            np.array([math.cos(height) * math.sin(azimuth), math.sin(height),
                      math.cos(height) * math.cos(azimuth)]),
            0.88 - 0.3 * clear, 0.25 + 0.4 * clear)
        self.clear = clear
        self._front = np.zeros(size, np.int32)  # part number; 0 is the sky
        self._back = np.zeros(size, np.int32)  # seen through the front
        self._shadow = np.zeros(size, np.float32)
        self._parts = []
        self._instance, self._bordered = 0, [False]
        self._add('sky', (0, 0, 0), (0., 0., 1.), GRAIN, 0, 1, False)

    def begin(self, bordered: bool) -> None:
        """Begin an object, with an unlabelled outline or without."""
        self._instance += 1
        self._bordered.append(bordered)

    def fill(self, pixels: np.ndarray, label: str,
             colour: np.ndarray, plane: tuple[float, float, float],
             texture: int = GRAIN, amount: float = 0.05, alpha: float = 1,
             ground: bool = False) -> None:
        """Paint a polygon, or several as one part.

        Args:
            pixels: (N, 2) x and y, or (M, N, 2) of M polygons.
            label: A key of ``IDS``.
            colour: RGB, 0-255.
            plane: (a, b, c) with 1 / depth = a * x + b * y + c.
            texture: ``GRAIN``, ``PATCHES`` or ``LEAVES``.
            amount: Strength of the texture, as a fraction of the colour.
            alpha: Below 1, what lies behind shines through; the label is
                this part's nevertheless, as in Cityscapes.
            ground: Whether shadows fall on it.
        """
        polygons = _fixed_point(pixels if pixels.ndim == 3 else pixels[None])
        number = self._add(label, colour, plane, texture, amount, alpha,
                           ground)
        if alpha < 1:
            covered = np.zeros(self.size, np.uint8)
            cv2.fillPoly(covered, list(polygons), 1, shift=SHIFT)
            covered = covered.astype(bool)
            self._back[covered] = self._front[covered]
        # One call each: together, overlaps would be holes.
        for polygon in polygons:
            cv2.fillPoly(self._front, [polygon], number, shift=SHIFT)

    def shade(self, spots: np.ndarray, depth: float = 1) -> None:
        """Lay a shadow, 0-1 deep, on the ground polygon (N, 2), x and z."""
        spots = np.asarray(spots, np.float64)
        ahead = spots[:, 1].clip(1.2)
        pixels = self.camera.project(
            np.stack([spots[:, 0], 0 * ahead, ahead], axis=-1))
        hull = cv2.convexHull(pixels.astype(np.float32))[:, 0]
        cv2.fillPoly(self._shadow, [_fixed_point(hull)], depth, shift=SHIFT)

    def _add(self, label: str, colour: Sequence[float], plane: tuple,
             texture: int, amount: float, alpha: float, ground: bool) -> int:
        self._parts.append((IDS[label], *colour, *plane, texture, amount,
                            alpha, ground, self._instance))
        return len(self._parts) - 1

    def labels(self) -> np.ndarray:
        """Return (H, W) ids of Cityscapes, uint8."""
        table = np.array([part[0] for part in self._parts], np.uint8)
        labels = table[self._front]
        instances = np.array([part[-1] for part in self._parts])[self._front]
        bordered = np.array(self._bordered)[instances]
        edge = np.zeros(self.size, bool)
        edge[:, 1:] |= instances[:, 1:] != instances[:, :-1]
        edge[1:] |= instances[1:] != instances[:-1]
        labels[edge & bordered] = IDS['unlabeled']
        rim = max(1, self.size[0] // 128)
        inner = labels[rim:-rim, rim:-rim].copy()
        labels[:] = IDS['out of roi']
        labels[rim:-rim, rim:-rim] = inner
        return labels

    def photograph(self) -> np.ndarray:
        """Return the (H, W, 3) picture, uint8 RGB."""
        rng, size = self.rng, self.size
        table = np.array(self._parts, np.float32)
        weather = self._weather()
        everywhere = np.arange(size[0] * size[1])
        front = self._front.ravel()
        picture = self._surface(front, everywhere, table, weather)
        alpha = table[:, 9][front]
        clear = np.flatnonzero(alpha < 1)
        behind = self._surface(self._back.ravel()[clear], clear, table,
                               weather)
        alpha = alpha[clear, None]
        picture[clear] = alpha * picture[clear] + (1 - alpha) * behind
        picture = picture.reshape(*size, 3)

        y, x = np.indices(size, np.float32)
        away = np.hypot(x / size[1] - 0.5, y / size[0] - 0.5)
        light = illumination(rng, size, 0.12) * (1 - 0.3 * away**2)
        light *= rng.uniform(0.9, 1.25)
        warmth = 1 + rng.uniform(-0.05, 0.05) * np.float32((1, 0, -1))
        picture *= light[..., None].astype(np.float32) * warmth
        blur = rng.uniform(0.4, 0.7) * size[0] / 256 + 0.05
        picture = cv2.GaussianBlur(picture, (0, 0), blur).clip(0, 255)
        noise = rng.standard_normal(picture.shape, dtype=np.float32)
        noise *= rng.uniform(0.5, 1.5) + 0.12 * np.sqrt(picture)
        return np.rint(picture + noise).clip(0, 255).astype(np.uint8)

    def _weather(self) -> '_Weather':
        """Draw textures, sky, haze and shadows."""
        rng, size = self.rng, self.size
        grain = smooth_noise(rng, size, 1.7)
        patches = smooth_noise(rng, size, size[1] / 14)
        leaves = 0.7 * smooth_noise(rng, size, 3) + 0.5 * smooth_noise(
            rng, size, 7)
        textures = np.stack([grain, 0.8 * patches + 0.5 * grain,
                             leaves + 0.4 * grain])
        blue = np.float32((118, 152, 196)) * rng.uniform(0.85, 1.1)
        grey = np.float32((198, 202, 206)) * rng.uniform(0.8, 1.12)
        haze = 0.75 * grey + 0.25 * blue
        rows = np.arange(size[0], dtype=np.float32)[:, None, None]
        rise = (1 - rows / self.camera.horizon).clip(0, 1)
        fraction = self.clear * rise**0.7
        clouds = smooth_noise(rng, size, size[1] / 6)
        clouds += 0.5 * smooth_noise(rng, size, size[1] / 18)
        sky = fraction * blue + (1 - fraction) * haze + (
            14 * self.clear * clouds[..., None])
        shadow = cv2.GaussianBlur(self._shadow, (0, 0), 1.2 * size[0] / 256)
        return _Weather(
            textures.ravel(), sky.reshape(-1, 3).astype(np.float32), haze,
            math.exp(rng.uniform(5.0, 6.6)),
            (0.3 + 0.35 * self.clear) * shadow.ravel())

    def _surface(self, numbers: np.ndarray, places: np.ndarray,
                 table: np.ndarray, weather: '_Weather') -> np.ndarray:
        """Return (P, 3) colours of parts in light, shade and haze.

        Args:
            numbers: (P,) numbers of parts.
            places: (P,) indices of the pixels.
            table: All parts, one row each.
            weather: Light and textures.
        """
        y, x = np.divmod(places, self.size[1])
        columns = [column[numbers] for column in np.ascontiguousarray(
            table[:, 4:].T)]
        across, down, base, texture, amount, _, ground, _ = columns
        offset = texture.astype(np.int64) * (self.size[0] * self.size[1])
        factor = 1 + amount * weather.textures[offset + places]
        factor *= 1 - ground * weather.shadow[places]
        inverse = across * x + down * y + base  # of the depth in metres
        clear = np.exp(-1 / (weather.sight * inverse.clip(1e-4)))
        # Colour times factor, blended with the haze.
        colours = table[:, 1:4][numbers] * (factor * clear)[:, None]
        colours += (1 - clear)[:, None] * weather.haze
        sky = numbers == 0
        colours[sky] = weather.sky[places[sky]]
        return colours.astype(np.float32)


@dataclass(frozen=True)
class _Weather:
    """Light and textures of a picture of P pixels.

    Attributes:
        textures: (3 * P,), one after another.
        sky: (P, 3) colours.
        haze: (3,) colour.
        sight: Metres that dim a colour to 1 / e.
        shadow: (P,), 0-1.
    """
    textures: np.ndarray
    sky: np.ndarray
    haze: np.ndarray
    sight: float
    shadow: np.ndarray


def _fixed_point(pixels: np.ndarray) -> np.ndarray:
    """Return pixels as OpenCV's integers, clipped lest they overflow."""
    return np.rint(pixels * 2**SHIFT).clip(-2**20, 2**20).astype(np.int32)
