"""Poles, traffic lights, traffic signs and trees of the street scenes."""
import math
from itertools import pairwise

import numpy as np

from ._street_canvas import (
    GREENS,
    GREYS,
    LEAVES,
    MASONRY,
    PAINTS,
    WOOD,
    Canvas,
)
from ._street_figure import CIRCLE, Figure

LAMPS = np.array([(206, 52, 44), (222, 160, 48), (70, 190, 120)], np.float32)
SIDES = (1, -1)
# Outlines (left, up) of signs of unit size; a disc is CIRCLE.
SIGNS = dict(
    disc=CIRCLE,
    triangle=np.array([(-1, -.7), (1, -.7), (0, 1.05)]),
    yield_=np.array([(-1, .7), (1, .7), (0, -1.05)]),
    square=np.array([(-.8, -.8), (.8, -.8), (.8, .8), (-.8, .8)]),
    diamond=np.array([(-1, 0), (0, -1), (1, 0), (0, 1)]),
    panel=np.array([(-1.7, -.6), (1.7, -.6), (1.7, .6), (-1.7, .6)]),
    arrow=np.array([(-1.5, -.4), (1.1, -.4), (1.6, 0), (1.1, .4),
                    (-1.5, .4)]),
    octagon=np.array([(math.cos(a), math.sin(a))
                      for a in (np.arange(8) + 0.5) * math.pi / 4]))


def _stand(canvas: Canvas, x: float, z: float, height: float,
           tilt: float) -> Figure:
    """Plant a tilted figure that faces the camera and cast its shadow."""
    rng = canvas.rng
    # Heading pi looks at the camera, so that left is the picture's right.
    figure = Figure(canvas, x, z, math.pi + rng.normal(0, 0.35),
                    rng.normal(0, tilt), height=height,
                    outlined=0)
    figure.shade(np.array([(0, 0, .06), (0, 0, -.06), (0, height, .06),
                           (0, height, -.06)]), 0.7)
    return figure


def _bar(figure: Figure, points: list, radius: float, label: str,
         colour: np.ndarray) -> None:
    """Paint a round bar through points (forward, up, left)."""
    # Half a pixel at least, lest far poles fall apart.
    radius = max(radius, 0.5 * figure.z / figure.canvas.camera.focal)
    for a, b in pairwise(points):
        figure.balls(np.array([a, b]), (radius, radius), label, colour)


def paint_pole(canvas: Canvas, x: float, z: float, inward: float) -> None:
    """Paint a lamp post with an arm, a mast or a bollard.

    Args:
        inward: Sign of the direction to the road's middle.
    """
    rng = canvas.rng
    kind = rng.choice(3, p=(0.55, 0.25, 0.2))
    height = (rng.uniform(5, 8), rng.uniform(3, 7), rng.uniform(.8, 1.2))[kind]
    figure = _stand(canvas, x, z, height, 0.05)
    colour = (rng.choice(GREYS) if rng.random() < 0.8 else WOOD
              ) * rng.uniform(0.8, 1.1)
    radius = rng.uniform(0.06, 0.11)
    bow = -inward  # left of a figure that faces the camera, seen by it
    reach = rng.uniform(0.8, 2.2)
    points = [(0, 0, 0), (0, height, 0)]
    if kind == 0:
        points[1:] = [(0, height * .85, 0), (0, height * .96, bow * .25),
                      (0, height, bow * .7), (0, height, bow * reach)]
    _bar(figure, points, radius, 'pole', colour)
    if kind == 0:
        _bar(figure, [points[-1], (0, height - .02, bow * (reach + .5))],
             .1, 'pole', colour * 0.9)


def paint_light(canvas: Canvas, x: float, z: float, inward: float) -> None:
    """Paint a traffic light, seen from the front, the side or behind."""
    rng = canvas.rng
    base = rng.uniform(2.1, 2.8)
    figure = _stand(canvas, x, z, base + 1, 0.07)
    colour = rng.choice(GREYS) * rng.uniform(0.8, 1.1)
    housing = rng.choice(np.concatenate([GREYS, PAINTS[[1, 5, 7]]]))
    reach = rng.uniform(1, 2.5) if rng.random() < 0.25 else 0
    side = -inward * reach
    top = base + (1.1 if reach else .1)
    _bar(figure, [(-.1, 0, 0), (-.1, top, 0)], .07, 'pole', colour)
    if reach:
        _bar(figure, [(-.1, top, 0), (-.1, top, side)], .05, 'pole', colour)
    lamps = 3 if rng.random() < 0.8 else 2
    lit = int(rng.integers(lamps))
    tall, half = 0.3 * lamps, 0.17
    turn = rng.choice((0, 1, 2), p=(0.6, 0.2, 0.2))  # front, side, back
    if turn == 1:
        box = np.array([(-.1, -.0), (.12, 0), (.12, tall), (-.1, tall)])
        spots = [(.12, .3 * k + .15) for k in range(lamps)]
        figure.face([(0, base + u, side + f) for f, u in box],
                    'traffic light', housing)
        for f, u in spots:  # the visors
            figure.face([(0, base + u - .1, side + f),
                         (0, base + u + .12, side + f),
                         (0, base + u + .1, side + f + .18)],
                        'traffic light', housing * 0.8)
        return
    frame = half + (.06 if rng.random() < 0.4 else 0)
    figure.face([(0, base - .03, side - frame), (0, base - .03, side + frame),
                 (0, base + tall + .03, side + frame),
                 (0, base + tall + .03, side - frame)],
                'traffic light', housing)
    for k in range(lamps) if turn == 0 else ():
        # Red on top.
        colour = LAMPS[2 - k] if k == lit else housing * 0.45
        figure.balls(np.array([(.02, base + .3 * k + .15, side)]), [.11],
                     'traffic light', colour)


def paint_sign(canvas: Canvas, x: float, z: float, inward: float) -> None:
    """Paint one or two signs on a post; one in five is seen from behind."""
    rng = canvas.rng
    base = rng.uniform(1.9, 2.6)
    figure = _stand(canvas, x, z, base + .7, 0.12)
    grey = rng.choice(GREYS) * rng.uniform(0.8, 1.1)
    _bar(figure, [(-.05, 0, 0), (-.05, base, 0)], .045, 'pole', grey)
    back = rng.random() < 0.2
    for _ in range(int(rng.integers(1, 3))):
        kind = str(rng.choice(list(SIGNS)))
        size = rng.uniform(0.28, 0.46)
        outline = SIGNS[kind] * size * (rng.choice((-1, 1)), 1)
        middle = outline.mean(axis=0)
        turn = rng.normal(0, 0.08)
        frame = np.array([[math.cos(turn), math.sin(turn)],
                          [-math.sin(turn), math.cos(turn)]])
        face, rim = (rng.choice(np.concatenate([PAINTS, GREYS[1:3]]))
                     * rng.uniform(0.8, 1.1) for _ in range(2))
        if back:
            face, rim = grey * 1.05, grey
        for fraction, colour in ((1, rim), (0.76, face)):
            shape = (middle + (outline - middle) * fraction) @ frame
            figure.face(np.column_stack(
                [np.zeros(len(shape)), base + size + shape[:, 1],
                 shape[:, 0]]), 'traffic sign', colour)
        if not back and rng.random() < 0.7:  # a symbol
            bar = middle + np.array([(-.3, -.12), (.3, -.12), (.3, .12),
                                     (-.3, .12)]) * size
            bar = bar[:, ::rng.choice((-1, 1))]
            figure.face(np.column_stack(
                [np.zeros(4), base + size + bar[:, 1], bar[:, 0]]),
                'traffic sign', rim)
        base -= 2 * size + 0.1


def _crown(figure: Figure, middle: tuple, reach: float, tall: float,
           green: np.ndarray, count: int) -> None:
    """Fill an ellipse with ragged tufts, the lit ones on top."""
    canvas, rng = figure.canvas, figure.canvas.rng
    spots = rng.uniform(-1, 1, (count, 2))
    spots /= np.maximum(1, np.hypot(*spots.T))[:, None]
    scale = canvas.camera.focal / figure.z
    centre = figure.pixels(np.array(middle))
    for left, up in spots[np.argsort(spots[:, 1] + rng.normal(0, .3, count))]:
        size = reach * rng.uniform(0.3, 0.5)
        ragged = rng.uniform(0.65, 1.3, len(CIRCLE))[:, None]
        tuft = (centre + (left * reach * scale, -up * tall * scale)
                + CIRCLE * ragged * size * scale)
        canvas.fill(tuft, 'vegetation',
                    green * (0.82 + 0.2 * up + rng.normal(0, 0.06)),
                    figure.plane, texture=LEAVES, amount=0.26)


def paint_tree(canvas: Canvas, x: float, z: float, inward: float) -> None:
    """Paint a bent broadleaf, a fir, a leafless tree or a bush."""
    rng = canvas.rng
    kind = rng.choice(4, p=(0.55, 0.15, 0.15, 0.15))
    height = rng.uniform(3.5, 9) if kind < 3 else rng.uniform(0.7, 2)
    figure = Figure(canvas, x, z, 0, height=height, outlined=0)
    green = rng.choice(GREENS) * rng.uniform(0.85, 1.15)
    bark = rng.choice(np.stack([WOOD, GREYS[0], MASONRY[5]]))
    bow = rng.normal(0, 0.16) * height
    top = height * (rng.uniform(0.4, 0.6) if kind == 0 else 0.95)
    points = [(0, t * top, bow * t**2) for t in np.linspace(0, 1, 5)]
    thick = 0.022 * height + 0.04
    spread = 0.32 * height
    figure.shade(np.array([(0, 0, .1), (0, 0, -.1)] + [
        (0, u, s * spread) for u in (.5 * height, .9 * height)
        for s in SIDES]), 0.6 if kind == 2 else 0.85)
    if kind == 3:
        _crown(figure, (0, .5 * height, 0), rng.uniform(.5, 1) * height,
               .35 * height, green, 9)
        return
    _bar(figure, points, thick, 'vegetation', bark)
    if kind == 0:
        _crown(figure, (0, top + .3 * (height - top), points[-1][2]),
               spread, 0.55 * (height - top) + .3, green,
               int(rng.integers(12, 20)))
    elif kind == 1:
        for t in np.linspace(0.15, 0.85, 6):
            half = (1.05 - t) * height * 0.26
            low, middle = t * height, bow * t**2
            figure.face([(0, low, middle - half), (0, low - .1, middle),
                         (0, low, middle + half),
                         (0, low + .33 * height, middle)], 'vegetation',
                        green * (0.75 + 0.3 * t), texture=LEAVES, amount=.24)
    else:
        _branch(figure, np.array(points[2]), math.pi / 2 + bow / height,
                0.42 * height, thick * .7, bark, 4 if z < 20 else 3)


def _branch(figure: Figure, start: np.ndarray, angle: float, length: float,
            thick: float, bark: np.ndarray, order: int) -> None:
    """Paint a fork of twigs, and theirs."""
    rng = figure.canvas.rng
    for side in SIDES:
        turn = angle + side * rng.uniform(0.2, 0.6)
        end = start + length * np.array([0, math.sin(turn), math.cos(turn)])
        _bar(figure, [start, end], thick, 'vegetation', bark)
        if order > 1:
            _branch(figure, end, turn, 0.7 * length, 0.65 * thick, bark,
                    order - 1)


def hedge(canvas: Canvas, line: np.ndarray, height: float,
          green: np.ndarray) -> None:
    """Paint a row of tufts along a line on the ground, (N, 2) x and z."""
    rng, camera = canvas.rng, canvas.camera
    canvas.begin(False)
    count = len(line)
    scale = camera.focal / line[:, 1]
    feet = camera.project(np.insert(line, 1, 0, axis=1))
    ragged = rng.uniform(0.75, 1.2, (count, len(CIRCLE), 1))
    middles = np.stack([0 * scale, -0.52 * height * scale], axis=-1)[:, None]
    reach = (height * scale)[:, None, None] * ((0.75, 0.55) * CIRCLE * ragged)
    tones = rng.uniform(0.92, 1.08, (count, 2)) * (0.8, 1)
    for fraction, k in ((1., 0), (0.72, 1)):
        tufts = feet[:, None] + middles + fraction * reach  # (count, 12, 2)
        tufts[..., 1] = np.minimum(tufts[..., 1], feet[:, 1:])
        for tuft, tone, z in zip(tufts, tones[:, k], line[:, 1]):
            canvas.fill(tuft, 'vegetation', green * tone, camera.facing(z),
                        texture=LEAVES, amount=0.25)


POSTS = {'pole': paint_pole, 'traffic light': paint_light,
         'traffic sign': paint_sign, 'vegetation': paint_tree}
