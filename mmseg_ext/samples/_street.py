"""Synthetic street scenes as a car's camera sees them, 19 classes."""
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ._street_canvas import IDS, MASONRY, PAINTS, Camera, Canvas
from ._street_cycles import paint_bicycle, paint_motorcycle
from ._street_people import paint_person
from ._street_posts import POSTS
from ._street_setting import Street, paint_setting, plan_street
from ._street_vehicles import EXTENTS, VEHICLES, paint_bin

# Length, width and height in metres of things, upper bounds.
SIZES = EXTENTS | {
    'person': (.9, .7, 1.75), 'bicycle': (1.8, .6, 1.7),
    'motorcycle': (2., .7, 1.7), 'static': (.8, .8, 1.),
    'pole': (.3, .3, 5.), 'traffic light': (.5, .5, 3.2),
    'traffic sign': (.8, .3, 2.8), 'vegetation': (1., 1., 6.)}
# Heights in pixels of a picture with 256 rows that things are seen at, in
# equal numbers per octave, and mean numbers of things that are not featured.
REACH = {
    'person': (8, 120), 'car': (9, 110), 'bicycle': (12, 120),
    'motorcycle': (12, 120), 'truck': (24, 120), 'bus': (24, 120),
    'train': (40, 110), 'static': (10, 60), 'pole': (30, 260),
    'traffic light': (24, 180), 'traffic sign': (20, 160),
    'vegetation': (30, 240)}
NUMBERS = {
    'person': 7, 'car': 7, 'bicycle': .9, 'motorcycle': .5, 'truck': .3,
    'bus': .25, 'train': .0, 'static': .6, 'pole': 3.5, 'traffic light': 1,
    'traffic sign': 1.6, 'vegetation': 3}
TRIES = 40
STREETS = 40  # drawn at most, before it is an error
SEEN = 0.0004  # fraction of the picture that shows what is featured


@dataclass
class _Thing:
    """A thing on the street; half is half its extent along x and z."""
    kind: str
    x: float
    z: float
    heading: float
    half: tuple[float, float]
    box: np.ndarray  # left, top, right, bottom in pixels
    ridden: bool = False


def paint_street(rng: np.random.Generator, size: tuple[int, int],
                 featured: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Paint a street.

    Args:
        rng: Generator of everything.
        size: Height and width in pixels.
        featured: Classes that must be seen.

    Returns:
        (H, W, 3) uint8 RGB and (H, W) uint8 ids of Cityscapes.

    Raises:
        ValueError: If no street was found that shows all that is featured.
    """
    for _ in range(STREETS):
        canvas = _paint_all(rng, size, featured)
        labels = canvas.labels()
        counts = np.bincount(labels.ravel(), minlength=256)
        if all(counts[IDS[name]] >= SEEN * labels.size for name in featured):
            return canvas.photograph(), labels
    raise ValueError(f'featured={featured!r}: must be few enough to '
                     f'be seen at once; none of {STREETS} streets shows all')


def _paint_all(rng: np.random.Generator, size: tuple[int, int],
               featured: Sequence[str]) -> Canvas:
    height, width = size
    camera = Camera(
        focal=rng.uniform(0.78, 1.05) * width,
        centre=rng.uniform(0.4, 0.6) * width,
        horizon=rng.uniform(0.40, 0.5) * height,
        height=rng.uniform(1.2, 1.6))
    canvas = Canvas(rng, size, camera)
    street = plan_street(rng, set(featured))
    paint_setting(canvas, street)
    things = _populate(rng, size, camera, street, featured)
    # What is long was kept free on its far side, so far ends decide.
    for thing in sorted(things, key=lambda t: -(t.z + t.half[1])):
        _paint(canvas, thing)
    _paint_bonnet(canvas)
    return canvas


def _paint(canvas: Canvas, thing: _Thing) -> None:
    if thing.kind in VEHICLES:
        VEHICLES[thing.kind](canvas, thing.x, thing.z, thing.heading)
    elif thing.kind in POSTS:
        inward = -math.copysign(1, thing.x)
        POSTS[thing.kind](canvas, thing.x, thing.z, inward)
    elif thing.kind == 'person':
        paint_person(canvas, thing.x, thing.z, thing.heading)
    elif thing.kind == 'static':
        paint_bin(canvas, thing.x, thing.z, thing.heading)
    else:
        paint: Callable = dict(bicycle=paint_bicycle,
                               motorcycle=paint_motorcycle)[thing.kind]
        paint(canvas, thing.x, thing.z, thing.heading, thing.ridden)


def _populate(rng: np.random.Generator, size: tuple[int, int],
              camera: Camera, street: Street,
              featured: Sequence[str]) -> list[_Thing]:
    """Draw where things are; featured ones first, and none hides them."""
    wanted = [('bicycle' if kind == 'rider' else kind, True)
              for kind in featured if kind in NUMBERS or kind == 'rider']
    others = [kind for kind, mean in NUMBERS.items()
              for _ in range(rng.poisson(mean))]
    wanted += [(kind, False) for kind in rng.permutation(others).tolist()]
    things, precious = [], []
    for kind, must in wanted:
        best, least = None, math.inf
        for _ in range(TRIES if must else 8):
            thing = _draw(rng, size, camera, street, kind, must)
            harm = _harm(thing, things, precious, must, size)
            if harm < least:
                best, least = thing, harm
            if harm == 0:
                break
        # The least evil will do where something must be seen.
        if least == 0 or (must and best is not None):
            things.append(best)
            if must:
                precious.append(best)
    return things


def _harm(thing: _Thing, things: list[_Thing], precious: list[_Thing],
          must: bool, size: tuple[int, int]) -> float:
    """Return how badly a thing stands, 0 for well."""
    harm = 0.
    for other in things:
        gap = [abs(a - b) - i - j for a, b, i, j in (
            (thing.x, other.x, thing.half[0], other.half[0]),
            (thing.z, other.z, thing.half[1], other.half[1]))]
        if max(gap) < 0.1:
            harm += 10
        # Beside a vehicle only its near side is free, see paint_street.
        for long, small in ((thing, other), (other, thing)):
            if (long.kind in VEHICLES and gap[1] < 0
                    and small.x * long.x > 0 and abs(small.x) > abs(long.x)):
                harm += 5
        near, far = sorted((thing, other), key=lambda t: t.z)
        if any(far is p for p in precious) or (must and far is thing):
            covered = _overlap(near.box, far.box)
            harm += covered if covered > 0.25 else 0
    if must:
        frame = np.array([0, 0, size[1], 0.93 * size[0]])
        visible = _overlap(frame, thing.box)
        harm += 1 - visible if visible < 0.6 else 0
    return harm


def _overlap(upper: np.ndarray, lower: np.ndarray) -> float:
    """Return the fraction of a box that another covers."""
    low = np.maximum(upper[:2], lower[:2])
    high = np.minimum(upper[2:], lower[2:])
    area = np.prod((high - low).clip(0))
    return float(area / max(np.prod(lower[2:] - lower[:2]), 1e-6))


def _draw(rng: np.random.Generator, size: tuple[int, int], camera: Camera,
          street: Street, kind: str, must: bool) -> _Thing:
    """Draw a place and a heading."""
    length, width, height = SIZES[kind]
    low, high = (math.log(side) for side in REACH[kind])
    if must:  # large enough to be seen, whatever the picture's size
        low = low + 0.45 * (high - low)
    pixels = math.exp(rng.uniform(low, high)) * size[0] / 256
    z = min(camera.focal * height / pixels, 110.)
    left, right = street.road
    side = street.sides[int(rng.integers(2))]
    s, heading, ridden = side.sign, rng.uniform(-math.pi, math.pi), False

    def lane(margin: float) -> float:
        return rng.uniform(left + margin, max(right - margin, left + margin))

    def walk(margin: float = .4) -> float:
        return s * rng.uniform(side.verge + margin, side.edge - margin)

    flow = 0 if s > 0 else math.pi  # traffic keeps to the right
    if kind in ('car', 'truck', 'bus'):
        mode = rng.choice(4, p=(.4, .3, .12, .18))
        if kind != 'car':
            mode = rng.choice(4, p=(.3, .3, .2, .2))
        heading = flow + rng.normal(0, 0.04)
        x = s * (side.kerb - width / 2 - .15)
        if mode == 1:
            x = s * rng.uniform(width / 2, side.kerb)
        elif mode == 2:  # at an angle, on parking lots and when turning
            heading = rng.uniform(-math.pi, math.pi)
            x = s * rng.uniform(side.kerb - 1.5, side.kerb + 1.5)
        elif mode == 3:  # crosses
            heading = rng.choice((-1, 1)) * (math.pi / 2
                                             + rng.normal(0, .25))
            x = rng.uniform(left - 2, right + 2)
    elif kind == 'train':
        heading, x = rng.choice((0, math.pi)), street.tracks
        if x is None or rng.random() < 0.35:  # crosses the street
            heading = math.pi / 2 * rng.choice((-1, 1)) + rng.normal(0, .15)
            x, z = rng.uniform(-8, 8), max(z, 22.)
        else:
            z += 9
    elif kind == 'person':
        x = walk(.3)
        if rng.random() < (.5 if z < 14 else .2):
            x = lane(.5)
        if rng.random() < 0.5:
            heading = rng.choice((0, math.pi)) + rng.normal(0, .3)
    elif kind in ('bicycle', 'motorcycle'):
        ridden = bool(must or rng.random() < 0.6)
        x = lane(.6) if ridden or rng.random() < .3 else walk()
        if ridden and rng.random() < 0.5:
            heading = (0 if x > 0 else math.pi) + rng.normal(0, .4)
    elif kind == 'vegetation':
        x = s * rng.uniform(side.verge - .2, side.edge)
        z = max(z, 7.)
    else:
        x = s * (side.kerb + rng.uniform(.3, 1.)) if (
            rng.random() < .6) else walk()
        z = max(z, 5.)
    # Near the camera most of the street lies outside of the view.
    sides = (np.array([.06, .94]) * size[1] - camera.centre) / camera.focal
    if z < 16 or must:
        x = float(np.clip(x, *(sides * z)))
    turn = abs(math.sin(heading)), abs(math.cos(heading))
    half = ((length * turn[0] + width * turn[1]) / 2,
            (length * turn[1] + width * turn[0]) / 2)
    if kind in VEHICLES:
        z = max(z, 4.5 + half[1])
    # What counts of lights and signs is on top; crowns are broad.
    low = 0.55 * height if kind.startswith('traffic') else 0
    wide = half[0] + (2.5 if kind == 'vegetation' else 0)
    corners = np.array([(x + a * wide, u, z + b * half[1])
                        for a in (-1, 1) for b in (-1, 1)
                        for u in (low, height)])
    seen = camera.project(corners)
    box = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
    return _Thing(kind, x, z, heading, half, box, ridden)


def _paint_bonnet(canvas: Canvas) -> None:
    """Paint the camera's own car along the lower edge."""
    rng, (height, width) = canvas.rng, canvas.size
    canvas.begin(False)
    across = np.linspace(-0.1, 1.1, 25)
    top = rng.uniform(0.045, 0.085)
    rise = top * (1 - (2 * across - 1)**2 * rng.uniform(0.3, 0.6))
    rim = np.column_stack([across * width, (1 - rise) * height])
    ends = np.array([(1.1 * width, 1.1 * height), (-.1 * width, 1.1 * height)])
    paint = rng.choice(np.concatenate([PAINTS, MASONRY[3:4]]))
    for down, tone in ((0, .75), (0.012, 1.)):
        lower = rim + np.array([0, down * height])
        canvas.fill(np.concatenate([lower, ends]), 'ego vehicle',
                    paint * tone * canvas.sun.tone((0, 1, 0)),
                    canvas.camera.facing(1.5), amount=0.03)
