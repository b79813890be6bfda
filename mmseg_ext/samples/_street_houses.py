"""Buildings of the synthetic street scenes."""
import numpy as np

from ._street_canvas import GLASS, MASONRY, PAINTS, PATCHES, Camera, Canvas


def _facing(camera: Camera, z: float, left: np.ndarray, right: np.ndarray,
            low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return (M, 4, 2) pixels of rectangles that face the camera at z."""
    left, right, low, high = (
        side.ravel() for side in np.broadcast_arrays(left, right, low, high))
    x = np.stack([left, left, right, right], axis=-1)
    y = np.stack([low, high, high, low], axis=-1)
    return camera.project(np.stack([x, y, np.full(x.shape, z)], axis=-1))


def along(camera: Camera, x: float, start: np.ndarray, end: np.ndarray,
           low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return (M, 4, 2) pixels of rectangles along the street at x."""
    start, end, low, high = (
        side.ravel() for side in np.broadcast_arrays(start, end, low, high))
    y = np.stack([low, high, high, low], axis=-1)
    z = np.stack([start, start, end, end], axis=-1)
    return camera.project(np.stack([np.full(y.shape, x), y, z], axis=-1))


def paint_block(canvas: Canvas, left: float, right: float, z: float,
                 tall: float) -> None:
    """Paint a building that faces the camera."""
    rng, camera = canvas.rng, canvas.camera
    tone, plane = canvas.sun.tone((0, 0, -1)), camera.facing(z)
    colour = rng.choice(MASONRY) * rng.uniform(0.8, 1.1) * tone
    canvas.fill(_facing(camera, z, left, right, 0, tall), 'building', colour,
                plane, PATCHES, 0.05)
    places = np.arange(left + 1, right - 1.8, 2.6)[:, None]
    lows = np.arange(1, tall - 2, 3.2)
    canvas.fill(_facing(camera, z, places, places + 1.2, lows, lows + 1.6),
                'building', GLASS * tone, plane)
    if rng.random() < 0.5:
        roof = np.array([(left, tall, z), (right, tall, z),
                         (right - 2, tall + 3, z), (left + 2, tall + 3, z)])
        canvas.fill(camera.project(roof), 'building', MASONRY[1] * tone * .8,
                    plane)


def paint_house(canvas: Canvas, s: int, front: float, start: float,
                end: float) -> None:
    """Paint a facade along the street and the end that faces the camera.

    Args:
        canvas: What it is painted on.
        s: -1 left or 1 right of the street.
        front: Distance of the facade from the camera's axis.
        start: z of its near end.
        end: z of its far end.
    """
    rng, camera = canvas.rng, canvas.camera
    x, tall, start = s * front, rng.uniform(4, 17), max(start, 1.5)
    canvas.begin(bool(rng.random() < 0.15))
    colour = rng.choice(MASONRY) * rng.uniform(0.8, 1.12)
    plane = camera.along(x)
    tone, light = canvas.sun.tone((-s, 0, 0)), canvas.sun.tone((0, 0, -1))
    rise = rng.uniform(1.5, 4) if rng.random() < 0.6 else 0
    gable = np.array([(x, 0), (x, tall), (x + 4.5 * s, tall + rise),
                      (x + 9 * s, tall), (x + 9 * s, 0)])
    canvas.fill(camera.project(np.insert(gable, 2, start, axis=1)),
                'building', colour * light, camera.facing(start), PATCHES,
                0.05)
    # From the street a steep or low roof is seen, no other.
    if rise * front > 4.5 * (tall - camera.height):
        roof = np.array([(x, tall, start), (x, tall, end),
                         (x + 4.5 * s, tall + rise, end),
                         (x + 4.5 * s, tall + rise, start)])
        tiles = rng.choice(MASONRY[[1, 3, 5]])
        canvas.fill(camera.project(roof), 'building',
                    tiles * canvas.sun.tone((-.7 * s, .7, 0)), plane)
    canvas.fill(along(camera, x, start, end, 0, tall), 'building',
                colour * tone, plane, PATCHES, 0.06)
    pitch, storey = rng.uniform(2, 3.6), rng.uniform(2.8, 3.6)
    wide, high = pitch * rng.uniform(.35, .65), storey * rng.uniform(.4, .6)
    places = np.arange(start + .6, end - wide, pitch)
    lows = np.arange(1., tall - high, storey)
    trim = rng.choice(np.concatenate([MASONRY, PAINTS[2:3]])) * tone
    column = places[:, None]
    canvas.fill(along(camera, x, column - .1, column + wide + .1, lows - .12,
                       lows + high + .1), 'building', trim, plane)
    canvas.fill(along(camera, x, column, column + wide, lows, lows + high),
                'building', GLASS * tone * rng.uniform(.8, 1.3), plane,
                PATCHES, 0.2)
    doors = places[rng.random(len(places)) < 0.3]
    broad = pitch * .9 if rng.random() < 0.3 else 1.1  # shops
    canvas.fill(along(camera, x, doors, doors + broad, .1, 2.1), 'building',
                rng.choice(PAINTS) * tone * 0.8, plane)
    if rng.random() < 0.4:  # a ledge above the ground floor
        canvas.fill(along(camera, x, start, end, storey - .15, storey + .1),
                    'building', trim * .9, plane)
    # The house keeps the sun from the street, where it stands behind it.
    reach = canvas.sun.cast(tall)
    if reach[0] * s < 0:
        foot = np.array([(x, start), (x, end)])
        canvas.shade(np.concatenate([foot, foot + reach]), 0.8)
