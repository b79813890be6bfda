"""Ground, buildings and boundaries of the synthetic street scenes."""
import math
from dataclasses import dataclass

import numpy as np

from ._street_canvas import (
    GREENS,
    GREYS,
    LEAVES,
    MASONRY,
    PAINTS,
    PATCHES,
    WOOD,
    Canvas,
)
from ._street_houses import along, paint_block, paint_house
from ._street_posts import hedge, paint_tree

FAR = 130.  # metres to the skyline


@dataclass(frozen=True)
class Side:
    """One side of a street, in metres from the camera, outwards.

    Attributes:
        sign: -1 left, 1 right.
        kerb: End of the road.
        verge: End of a strip of grass beside it, or ``kerb``.
        edge: End of the sidewalk.
        front: Line of the buildings.
        boundary: 'wall', 'fence', 'hedge' or '', at the edge.
        lawn: Whether grass grows between edge and front.
    """
    sign: int
    kerb: float
    verge: float
    edge: float
    front: float
    boundary: str
    lawn: bool


@dataclass(frozen=True)
class Street:
    """Both sides, left first, and the x of a tram's tracks, if any."""
    sides: tuple[Side, Side]
    tracks: float | None

    @property
    def road(self) -> tuple[float, float]:
        return -self.sides[0].kerb, self.sides[1].kerb


def plan_street(rng: np.random.Generator, featured: set[str]) -> Street:
    """Draw a street that has what is featured."""
    swap = int(rng.integers(2))
    sides = []
    for k, sign in enumerate((-1, 1)):
        first = k == swap  # the side of walls, the other is that of fences
        boundary = str(rng.choice(['wall', 'fence', 'hedge', '', '']))
        wanted = [kind for kind in ('wall', 'fence') if kind in featured]
        if len(wanted) == 2:
            boundary = 'wall' if first else 'fence'
        elif wanted and first:
            boundary = wanted[0]
        kerb = rng.uniform(2.6, 7) if sign < 0 else rng.uniform(2, 4.2)
        green = rng.random() < 0.2 or ('terrain' in featured and not first)
        verge = kerb + (rng.uniform(1.2, 3) if green else 0)
        edge = verge + rng.uniform(1.6, 3.8)
        gap = boundary != '' or green or rng.random() < 0.25
        front = edge + (rng.uniform(2, 7) if gap else 0.05)
        sides.append(Side(sign, kerb, verge, edge, front, boundary,
                          gap and (green or rng.random() < 0.6)))
    tracks = None
    if 'train' in featured or rng.random() < 0.12:
        tracks = float(rng.uniform(-sides[0].kerb, -1.2) - 0.6)
    return Street(tuple(sides), tracks)


def paint_setting(canvas: Canvas, street: Street) -> None:
    """Paint all that stands still and fills the picture."""
    rng, masonry = canvas.rng, MASONRY.mean(axis=0)
    _paint_skyline(canvas)
    # The pavements' greys are the asphalt's, drawn each on their own.
    road, walk = (
        (0.55 * GREYS[1] + 0.45 * rng.choice(MASONRY)) * rng.uniform(.75, 1.15)
        for _ in range(2))
    grass = rng.choice(GREENS) * rng.uniform(0.9, 1.2)
    _ground(canvas, -90, 90, 'terrain' if rng.random() < .4 else 'sidewalk',
            0.7 * grass + 0.3 * masonry)
    for side in street.sides:
        s = side.sign
        _ground(canvas, s * side.edge, s * side.front,
                'terrain' if side.lawn else 'sidewalk',
                grass if side.lawn else walk)
        _ground(canvas, s * side.verge, s * side.edge, 'sidewalk', walk)
        _ground(canvas, s * side.kerb, s * side.verge, 'terrain', grass)
    _ground(canvas, *street.road, 'road', road)
    crossings = []
    for side in street.sides:
        # A boundary is long enough to be seen in front of a crossing.
        nearest = 35 if side.boundary else 14
        start = rng.uniform(nearest, 55) if rng.random() < 0.5 else math.inf
        crossings.append(start)
        if start < math.inf:
            _ground(canvas, side.sign * (side.kerb - .1), side.sign * 90,
                    'road', road, start, start + 8)
    _paint_markings(canvas, street, road)
    for side, crossing in zip(street.sides, crossings):
        s = side.sign
        kerb = walk * 1.15
        _ground(canvas, s * side.kerb, s * (side.kerb + .13), 'sidewalk',
                kerb, end=min(crossing, 200))
        _paint_row(canvas, side, crossing)
        _paint_boundary(canvas, side, crossing)


def _ground(canvas: Canvas, left: float, right: float, label: str,
            colour: np.ndarray, start: float = 1.5, end: float = 400,
            texture: int = PATCHES, amount: float = 0.06) -> None:
    if abs(left - right) < 0.01:
        return
    if label == 'terrain':
        texture, amount = LEAVES, 0.16
    corners = np.array([(left, 0, start), (left, 0, end), (right, 0, end),
                        (right, 0, start)])
    canvas.fill(canvas.camera.project(corners), label,
                colour * canvas.sun.tone((0, 1, 0)), canvas.camera.ground(),
                texture, amount, ground=True)


def _paint_markings(canvas: Canvas, street: Street,
                    road: np.ndarray) -> None:
    rng = canvas.rng
    paint = 0.45 * road + 0.55 * PAINTS[2]
    left, right = street.road
    if right - left > 5.5:
        middle = rng.uniform(0.4, 0.6) * (left + right) - 0.3
        for start in np.arange(3, 70, 6.):
            _ground(canvas, middle, middle + .13, 'road', paint, start,
                    start + 3)
    if rng.random() < 0.4:  # a zebra crossing
        start = rng.uniform(9, 25)
        for x in np.arange(left + .4, right - .5, 1.):
            _ground(canvas, x, x + .5, 'road', paint, start, start + 3)
    if street.tracks is not None:
        x = street.tracks
        _ground(canvas, x - 1, x + 1, 'road', road * 0.9)
        for rail in (x - .72, x + .72):
            _ground(canvas, rail - .05, rail + .05, 'road', GREYS[2])
    for _ in range(int(rng.integers(0, 5))):  # patched asphalt
        x, z = rng.uniform(left, right - 1), rng.uniform(5, 30)
        _ground(canvas, x, min(x + rng.uniform(.5, 2), right), 'road',
                road * rng.uniform(0.8, 1.12), z, z + rng.uniform(.6, 6))


def _paint_skyline(canvas: Canvas) -> None:
    """Paint what closes the street: houses and woods far away."""
    rng, x = canvas.rng, -0.85 * FAR
    while x < 0.85 * FAR:  # wider than any view
        wide, tall = rng.uniform(6, 22), rng.uniform(5, 20)
        canvas.begin(False)
        if rng.random() < 0.5:
            paint_block(canvas, x, x + wide, FAR, tall)
        else:
            places = np.arange(x, x + wide, 4.)
            hedge(canvas, np.column_stack([places, 0 * places + FAR]),
                  tall * .6, rng.choice(GREENS))
        x += wide
    if rng.random() < 0.35:  # a junction, where a house stands ahead
        z, middle = rng.uniform(45, 100), rng.uniform(-5, 5)
        canvas.begin(False)
        paint_block(canvas, middle - rng.uniform(8, 16),
                     middle + rng.uniform(8, 16), z, rng.uniform(7, 16))


def _paint_row(canvas: Canvas, side: Side, crossing: float) -> None:
    """Paint the buildings and trees along one side, from far to near."""
    rng = canvas.rng
    start, lots = rng.uniform(1, 6), []
    while start < 0.8 * FAR:
        end = start + rng.uniform(7, 20)
        if start < crossing < end:
            end = max(start + 2, crossing - 1)
            lots.append((start, end))
            start = crossing + 9
            continue
        lots.append((start, end))
        start = end if rng.random() < 0.6 else end + rng.uniform(1, 5)
    built = rng.random(len(lots)) < rng.choice((0.2, 0.5, 0.8))
    for (start, end), house in reversed(list(zip(lots, built))):
        if not canvas.camera.sees(side.front, end, 4):
            continue
        if house:
            paint_house(canvas, side.sign, side.front, start, end)
            continue
        x = side.sign * (side.front + rng.uniform(1, 3))
        places = np.sort(rng.uniform(start, end, rng.integers(2, 5)))
        line = np.arange(end, start, -1.2)
        if rng.random() < 0.7 and end > 6:
            line = line[line > max(5, 0.9 * side.front)]
            hedge(canvas, np.column_stack([np.full(len(line), x), line]),
                  rng.uniform(1, 3.5), rng.choice(GREENS))
        for z in places[::-1]:
            if z > 6 and canvas.camera.sees(x, z, 4):
                paint_tree(canvas, x + side.sign * rng.uniform(-.5, 3), z,
                           -side.sign)


def _paint_boundary(canvas: Canvas, side: Side, crossing: float) -> None:
    """Paint a wall, a fence or a hedge along the sidewalk's edge."""
    rng, s = canvas.rng, side.sign
    if not side.boundary:
        return
    x = s * side.edge
    start, end = rng.uniform(2.5, 6), rng.uniform(35, 60)
    if start < crossing < end:
        end = crossing - .5
    if side.boundary == 'hedge':
        line = np.arange(end, max(start, 5), -1.)
        hedge(canvas, np.column_stack([np.full(len(line), x), line]),
              rng.uniform(.7, 1.8), rng.choice(GREENS))
        return
    canvas.begin(bool(rng.random() < 0.2))
    camera = canvas.camera
    plane, tone = camera.along(x), canvas.sun.tone((-s, 0, 0))

    def fill(label: str, colour: np.ndarray, *sides: np.ndarray,
             alpha: float = 1) -> None:
        canvas.fill(along(camera, x, *sides), label, colour, plane, PATCHES,
                    0.06, alpha)

    if side.boundary == 'wall':
        high = rng.uniform(0.9, 2.6)
        colour = rng.choice(MASONRY) * rng.uniform(0.8, 1.12) * tone
        fill('wall', colour, start, end, 0, high)
        fill('wall', colour * 1.12, start, end, high - .12, high)
        if rng.random() < 0.5:
            pillars = np.arange(start, end - .5, rng.uniform(2.5, 5))
            fill('wall', colour * 0.9, pillars, pillars + .45, 0, high + .15)
        return
    high, pitch = rng.uniform(0.9, 2.0), rng.uniform(1.6, 3)
    choices = np.concatenate([GREYS, MASONRY, GREENS[:1], WOOD[None],
                              PAINTS[2:3]])
    colour = rng.choice(choices) * rng.uniform(0.8, 1.1) * tone
    # What shows through a fence belongs to it, as in Cityscapes.
    boards = rng.random() < 0.5
    fill('fence', colour, start, end, .05, high,
         alpha=0.12 if boards else 0.38)
    if boards:
        slats = np.arange(start, end, .26)
        fill('fence', colour, slats, slats + .15, .08, high + .04)
    posts = np.arange(start, end, pitch)
    fill('fence', colour * 0.85, posts, posts + .12, 0, high + .08)
    rails = np.array([.15, high - .12])
    fill('fence', colour * .92, start, end, rails, rails + .09)
