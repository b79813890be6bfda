"""Random fields, shapes and the camera of the synthetic pictures."""
import math

import cv2
import numpy as np

VISIBLE = 6  # grey levels that a defect must change a pixel by
SMALLEST, LARGEST = 0.002, 0.04  # defects, as fractions of the picture
MIN_AREA = 24  # pixels, of a defect
MIN_SPECK = 4  # pixels, of a separate part of a defect


def smooth_noise(rng: np.random.Generator, size: tuple[int, int],
                 wavelength: float) -> np.ndarray:
    """Return (H, W) noise of about unit size that varies over wavelength."""
    height, width = (int(np.ceil(side / wavelength)) + 2 for side in size)
    coarse = rng.standard_normal((height, width), dtype=np.float32)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def bend(rng: np.random.Generator, size: tuple[int, int],
         wavelength: float, amplitude: float) -> np.ndarray:
    """Return (H, W, 2) smooth displacements (x, y) in pixels."""
    return amplitude * np.stack(
        [smooth_noise(rng, size, wavelength) for _ in range(2)], axis=-1)


def distance(outside: np.ndarray) -> np.ndarray:
    """Return (H, W) distances in pixels of the true to the false pixels."""
    return cv2.distanceTransform(outside.astype(np.uint8), cv2.DIST_L2, 5)


def illumination(rng: np.random.Generator, size: tuple[int, int],
                 strength: float) -> np.ndarray:
    """Return (H, W) factors about 1: a slope and slow clouds of light."""
    y, x = np.indices(size, np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    slope = ((x / size[1] - 0.5) * math.cos(angle)
             + (y / size[0] - 0.5) * math.sin(angle))
    clouds = smooth_noise(rng, size, 0.6 * max(size))
    return 1 + strength * (rng.uniform(0.3, 1) * slope + 0.25 * clouds)


def sunlight(azimuth: float, height: float) -> np.ndarray:
    """Return the unit vector (x, y, z) to a light, from angles in degrees."""
    azimuth, height = np.radians((azimuth, height))
    return np.array([np.cos(azimuth) * np.cos(height),
                     np.sin(azimuth) * np.cos(height),
                     np.sin(height)], np.float32)


def reflect(normal: tuple[np.ndarray, np.ndarray, np.ndarray],
            sun: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how a surface shines, matt and as a mirror, both 0-1.

    Args:
        normal: (x, y, z) of the surface, of any length, z to the camera.
        sun: Unit vector to the light.

    Returns:
        Cosines of the angles from the normal to the light and to half way
        between light and camera; the second is 1 where the light is
        reflected into the camera.
    """
    half = sun + np.float32((0, 0, 1))
    half /= np.linalg.norm(half)
    x, y, z = normal
    length = np.sqrt(x * x + y * y + z * z)
    matt, mirror = ((x * axis[0] + y * axis[1] + z * axis[2]) / length
                    for axis in (sun, half))
    return matt.clip(0), mirror.clip(0)


def defect_area(rng: np.random.Generator, size: tuple[int, int],
                largest: float = LARGEST) -> int:
    """Draw a number of pixels, small ones as often as large ones."""
    fraction = math.exp(rng.uniform(math.log(SMALLEST), math.log(largest)))
    return max(MIN_AREA, round(fraction * size[0] * size[1]))


def grow(field: np.ndarray, allowed: np.ndarray,
         area: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose the ``area`` allowed pixels where a field is lowest.

    Where fewer pixels are allowed, all of them are chosen.

    Args:
        field: (H, W), positive.
        allowed: (H, W), bool.
        area: Number of pixels.

    Returns:
        (H, W) bool, the chosen pixels, and (H, W), the field in units of
        its highest value among them.
    """
    values = field[allowed]
    last = min(area, len(values)) - 1
    limit = np.partition(values, last)[last]
    return allowed & (field <= limit), field / max(limit, 1e-6)


def grow_patch(rng: np.random.Generator, spot: tuple[int, int],
               allowed: np.ndarray,
               area: int) -> tuple[np.ndarray, np.ndarray]:
    """Grow an irregular patch around a pixel (y, x), see :func:`grow`."""
    size, reach = allowed.shape, np.sqrt(area)
    y, x = np.indices(size, np.float32)
    y, x = y - spot[0], x - spot[1]
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(1, 1.7)
    along = x * math.cos(turn) + y * math.sin(turn)
    across = y * math.cos(turn) - x * math.sin(turn)
    away = np.hypot(along / stretch, across)
    away *= np.exp(0.2 * smooth_noise(rng, size, max(4, 0.8 * reach))
                   + 0.06 * smooth_noise(rng, size, max(3, 0.2 * reach)))
    return grow(away, allowed, area)


def photograph(rng: np.random.Generator, clean: np.ndarray,
               broken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture of a broken scene and the mask of what is broken.

    Only pixels that differ visibly from the clean scene, both seen through
    the lens but without noise, are taken from the broken one. Gaps one or
    two pixels wide count as visible, as they would to an annotator.

    Args:
        rng: Generator of the sensor's noise.
        clean: Scene without a defect, (H, W) or (H, W, 3), 0-255.
        broken: The same scene with its defect, or ``clean`` itself.

    Returns:
        Picture, uint8, of the scene's shape, and (H, W) mask, uint8, 0 or
        255.
    """
    light = cv2.GaussianBlur(clean.astype(np.float32), (0, 0), 0.6)
    if broken is clean:
        mask = np.zeros(light.shape[:2], np.uint8)
    else:
        broken = cv2.GaussianBlur(broken.astype(np.float32), (0, 0), 0.6)
        mask = _visible_change(light, broken)
        inside = mask.astype(bool)
        light[inside] = broken[inside]
    # Drawn for all pixels, so that both pictures have the same noise.
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    light = light.clip(0, 255)
    light += noise * np.sqrt(1 + 0.02 * light)
    return np.rint(light).clip(0, 255).astype(np.uint8), 255 * mask


def _visible_change(clean: np.ndarray, broken: np.ndarray) -> np.ndarray:
    """Return the (H, W) mask, 0 or 1, of what tells two scenes apart."""
    change = np.abs(broken.clip(0, 255) - clean.clip(0, 255))
    if change.ndim == 3:
        change = change.max(axis=-1)  # (H, W, 3) -> (H, W)
    # Half of the strongest change, lest a faint defect has no pixel at all.
    mask = (change > min(VISIBLE, change.max() / 2)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[:, cv2.CC_STAT_AREA]
    # Specks go, unless there is nothing larger.
    kept = areas >= min(MIN_SPECK, areas[1:].max(initial=0))
    kept[0] = False
    return kept[labels].astype(np.uint8)
