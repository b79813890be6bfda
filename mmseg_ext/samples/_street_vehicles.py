"""Cars, trucks, buses and trams of the synthetic street scenes.

A vehicle is a profile (forward, up) in metres that is extruded to its width,
so that it may be seen from the front, the rear, the side and in between.
"""
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from ._street_canvas import (
    GLASS,
    GREYS,
    MASONRY,
    PAINTS,
    RUBBER,
    Canvas,
)
from ._street_figure import CIRCLE, Figure

# Outlines run from the rear's bottom over the roof to the front's bottom.
# What follows are the edges of glass and the polygons of the side windows.
CARS = dict(
    saloon=([(-2.3, .32), (-2.33, .8), (-2.2, .98), (-1.6, 1.02),
             (-1.0, 1.4), (.3, 1.44), (1.05, 1.0), (2.0, .86), (2.28, .66),
             (2.3, .3)], (3, 5),
            [[(-1.4, 1.02), (-.9, 1.34), (-.25, 1.37), (-.25, 1.0)],
             [(-.15, 1.0), (-.15, 1.37), (.25, 1.36), (.8, 1.0)]]),
    hatch=([(-1.9, .32), (-1.95, .9), (-1.65, 1.44), (.2, 1.5), (1.0, 1.02),
            (1.75, .88), (1.95, .62), (1.95, .3)], (1, 3),
           [[(-1.6, 1.0), (-1.4, 1.38), (-.35, 1.42), (-.35, 1.0)],
            [(-.25, 1.0), (-.25, 1.42), (.15, 1.42), (.75, 1.0)]]),
    van=([(-2.4, .34), (-2.42, 1.05), (-2.2, 1.86), (.8, 1.92), (1.6, 1.2),
          (2.25, 1.0), (2.4, .65), (2.4, .32)], (1, 3),
         [[(-2.1, 1.15), (-2.0, 1.75), (-.4, 1.78), (-.4, 1.15)],
          [(-.25, 1.15), (-.25, 1.78), (.7, 1.78), (1.3, 1.15)]]))


def _extrude(figure: Figure, profile: Sequence[tuple[float, float]],
             half: float, label: str, paint: np.ndarray, taper: float = 0,
             glass: Sequence[int] = (), amount: float = 0.04) -> int:
    """Paint a body and return the side that is seen, 1 left, -1 right.

    The sides lean inwards by ``taper`` metres above the belt line at half
    of the height. The side seen is 0 where the camera looks from within
    the width.
    """
    profile = np.asarray(profile, np.float64)
    top, bottom = profile[:, 1].max(), profile[:, 1].min()
    rise = ((profile[:, 1] - bottom) / (top - bottom) - 0.5).clip(0) * 2
    widths = half - taper * rise
    left = np.column_stack([profile, widths])
    right = np.column_stack([profile, -widths])
    eye = figure.eye[:2]
    quads = []
    for k in range(len(profile)):
        j = (k + 1) % len(profile)
        step = profile[j] - profile[k]
        normal = np.array([-step[1], step[0]]) / (np.hypot(*step) + 1e-9)
        middle = (profile[j] + profile[k]) / 2
        if normal @ (eye - middle) > 0:
            quads.append((np.hypot(*(eye - middle)), k, j, normal))
    for _, k, j, normal in sorted(quads, key=lambda q: -q[0]):
        tone = figure.tone((*normal, 0))
        quad = np.array([left[k], left[j], right[j], right[k]])
        figure.face(quad, label, paint * tone, amount=amount)
        if k in glass:
            middle = quad.mean(axis=0)
            pane = middle + (quad - middle) * (0.86, 0.86, 0.86)
            figure.face(pane, label, GLASS * tone)
    side = int(np.sign(figure.eye[2])) if abs(figure.eye[2]) > half else 0
    if side:
        face = left if side > 0 else right
        figure.face(face, label, paint * figure.tone((0, 0, side)),
                    amount=amount)
    return side


def _panes(figure: Figure, panes: Sequence, side: int, width: float,
           label: str, colour: np.ndarray = GLASS) -> None:
    """Paint polygons (forward, up) on the side that is seen."""
    if not side:
        return
    tone = figure.tone((0, 0, side))
    panes = np.asarray(panes, np.float64)
    aside = np.full((*panes.shape[:2], 1), side * width)
    panes = np.concatenate([panes, aside], axis=-1)  # (M, N, 2) -> (M, N, 3)
    figure.canvas.fill(figure.pixels(panes), label, colour * tone,
                       figure.plane)


def _wheels(figure: Figure, places: Sequence[float], radius: float,
            half: float, label: str) -> None:
    for side in sorted((1, -1), key=lambda s: s * figure.eye[2]):
        for forward in places:
            rim = np.column_stack([
                forward + radius * CIRCLE[:, 0],
                radius + radius * CIRCLE[:, 1],
                np.full(len(CIRCLE), side * half)])
            inner = rim - (0, 0, side * 0.22)
            tyre = np.concatenate([rim, inner])
            hull = cv2.convexHull(
                figure.pixels(tyre).astype(np.float32))[:, 0]
            figure.canvas.fill(hull, label, RUBBER, figure.plane)


def _hubs(figure: Figure, places: Sequence[float], radius: float, side: int,
          half: float, label: str, colour: np.ndarray) -> None:
    circles = {size: [np.column_stack([x + size * CIRCLE[:, 0],
                                       radius + size * CIRCLE[:, 1]])
                      for x in places] for size in (radius, 0.6 * radius)}
    _panes(figure, circles[radius], side, half, label, RUBBER)
    _panes(figure, circles[0.6 * radius], side, half, label, colour)


def _ends(figure: Figure, reach: float, half: float, up: float,
          label: str, rng: np.random.Generator) -> None:
    """Paint lamps and the plate on the end that is seen."""
    end = 1 if figure.eye[0] > reach else -1 if figure.eye[0] < -reach else 0
    if not end:
        return
    lit = rng.random() < 0.3
    lamp = (np.float32((235, 230, 210)) if lit else GREYS[2]) if end > 0 else (
        np.float32((200, 40, 36)) if lit else np.float32((120, 40, 38)))
    x = end * reach * 1.005

    def quad(low: float, high: float, left: float, right: float) -> list:
        return [(x, low, left), (x, high, left), (x, high, right),
                (x, low, right)]

    lamps = [quad(up, up + 0.17, side * half * 0.95, side * half * 0.55)
             for side in (1, -1)]
    figure.face(lamps, label, lamp)
    figure.face(quad(up - 0.2, up - 0.08, 0.26, -0.26), label, PAINTS[2])


def _cast(figure: Figure, length: float, width: float,
          height: float) -> None:
    """Lay the shadows below and beside a vehicle."""
    corners = np.array([(f, 0, s) for f in (-length / 2, length / 2)
                        for s in (-width / 2, width / 2)])
    figure.shade(np.concatenate([corners, corners * 0.9 + (0, height, 0)]))


def paint_car(canvas: Canvas, x: float, z: float, heading: float) -> None:
    rng = canvas.rng
    profile, glass, panes = CARS[str(rng.choice(list(CARS)))]
    figure = Figure(canvas, x, z, heading, rng.normal(0, 0.01),
                    rng.uniform(0.9, 1.08), 1.5)
    paint = rng.choice(PAINTS) * rng.uniform(0.85, 1.1)
    reach = profile[-1][0]
    axles = (-reach * 0.62, reach * 0.62)
    _cast(figure, 2 * reach, 1.75, 1.2)
    _wheels(figure, axles, 0.32, 0.86, 'car')
    side = _extrude(figure, profile, 0.88, 'car', paint, 0.17, glass)
    _panes(figure, panes, side, 0.79, 'car')
    _hubs(figure, axles, 0.32, side, 0.885, 'car', rng.choice(GREYS[1:3]))
    _ends(figure, reach, 0.85, 0.62, 'car', rng)


def paint_bus(canvas: Canvas, x: float, z: float, heading: float) -> None:
    rng = canvas.rng
    reach, top = rng.uniform(4.6, 5.8), rng.uniform(2.9, 3.3)
    figure = Figure(canvas, x, z, heading, height=3)
    paint = rng.choice(PAINTS) * rng.uniform(0.85, 1.1)
    profile = [(-reach, .4), (-reach, top - .1), (-reach + .15, top),
               (reach - .35, top), (reach - .12, top - .25), (reach, 1.1),
               (reach, .35)]
    axles = (-reach * 0.55, reach * 0.52)
    _cast(figure, 2 * reach, 2.5, top)
    _wheels(figure, axles, 0.48, 1.2, 'bus')
    side = _extrude(figure, profile, 1.25, 'bus', paint, glass=(4,))
    count = int(rng.integers(5, 8))
    edges = np.linspace(-reach + 0.3, reach - 0.4, count + 1)
    doors = set(rng.permutation(count)[:2].tolist() if side < 0 else [])
    panes = [[(a + .06, 0.5 if k in doors else 1.35), (a + .06, top - .5),
              (b - .06, top - .5), (b - .06, 0.5 if k in doors else 1.35)]
             for k, (a, b) in enumerate(pairwise(edges))]
    _panes(figure, panes, side, 1.26, 'bus')
    _hubs(figure, axles, 0.48, side, 1.26, 'bus', GREYS[1])
    if figure.eye[0] < -reach:
        figure.face([(-reach, 1.5, 1.0), (-reach, top - .5, 1.0),
                     (-reach, top - .5, -1.0), (-reach, 1.5, -1.0)],
                    'bus', GLASS)
    _ends(figure, reach, 1.15, 0.7, 'bus', rng)


def paint_truck(canvas: Canvas, x: float, z: float, heading: float) -> None:
    """Paint a lorry: a cab, and a box, a tarpaulin or a flat bed."""
    rng = canvas.rng
    reach, top = rng.uniform(3.2, 4.6), rng.uniform(2.7, 3.5)
    figure = Figure(canvas, x, z, heading, height=3)
    cab_paint, box_paint = (rng.choice(PAINTS) * rng.uniform(0.85, 1.1)
                            for _ in range(2))
    cab = reach - 1.9
    tall = rng.uniform(2.2, 2.7)
    body = str(rng.choice(['box', 'box', 'tipper', 'tank']))
    axles = (-reach * 0.72, -reach * 0.42, reach - 0.9)
    _cast(figure, 2 * reach, 2.4, top)
    _wheels(figure, axles, 0.48, 1.15, 'truck')

    def paint_cab() -> None:
        profile = [(cab, .5), (cab, tall - .05), (cab + .3, tall),
                   (reach - .4, tall), (reach - .05, 1.35), (reach, 1.2),
                   (reach, .4)]
        side = _extrude(figure, profile, 1.15, 'truck', cab_paint,
                        glass=(3,))
        _panes(figure, [[(cab + .5, 1.35), (cab + .5, tall - .3),
                         (reach - .55, tall - .3), (reach - .25, 1.35)]],
               side, 1.16, 'truck')

    def paint_load() -> None:
        low, end = 0.75, cab - rng.uniform(0.15, 0.35)
        if body == 'tipper':
            high = rng.uniform(1.5, 1.9)
            profile = [(-reach - .25, high + .2), (end, high), (end - .1, low),
                       (-reach, low)]
        elif body == 'tank':
            profile = [(-reach, 1.1), (-reach + .15, 2.1), (-reach + .6, 2.4),
                       (end - .5, 2.4), (end, 2.1), (end, 1.1), (end - .5, .8),
                       (-reach + .6, .8)]
        else:
            profile = [(-reach, low), (-reach, top), (end, top), (end, low)]
        side = _extrude(figure, profile, 1.22, 'truck', box_paint)
        if body != 'tank':
            posts = np.linspace(-reach, end, int(rng.integers(4, 8)))[1:-1]
            high = top - .1 if body == 'box' else 1.5
            _panes(figure, [[(p, low), (p, high), (p + .07, high),
                             (p + .07, low)] for p in posts],
                   side, 1.23, 'truck', box_paint * 0.75)

    # The chassis joins both and stays below them.
    _extrude(figure, [(-reach, .55), (-reach, .8), (reach - .3, .8),
                      (reach - .3, .55)], 1.0, 'truck', RUBBER)
    order = [paint_load, paint_cab]
    for paint in order if figure.eye[0] > 0 else order[::-1]:
        paint()
    side = int(np.sign(figure.eye[2]))
    _hubs(figure, axles, 0.48, side, 1.23, 'truck', GREYS[1])
    _ends(figure, reach, 1.1, 0.65, 'truck', rng)


def paint_train(canvas: Canvas, x: float, z: float, heading: float) -> None:
    """Paint a tram of two or three sections with pointed ends."""
    rng = canvas.rng
    figure = Figure(canvas, x, z, heading, height=3.2)
    paint, band = (rng.choice(PAINTS) * rng.uniform(0.85, 1.1)
                   for _ in range(2))
    sections = int(rng.integers(2, 4))
    section, top = 18 / sections, rng.uniform(3.1, 3.5)
    nose = rng.uniform(0.5, 1.2)
    _cast(figure, 18, 2.4, top)
    starts = np.arange(sections) * section - 9
    away = figure.eye[0]
    for k in sorted(range(sections),
                    key=lambda k: -abs(starts[k] + section / 2 - away)):
        a, b = starts[k] + 0.15, starts[k] + section - 0.15
        head, tail = nose * (k == sections - 1), nose * (k == 0)
        profile = [(a, .25), (a, 1.1), (a + tail, top - .2),
                   (a + tail + .2, top), (b - head - .2, top),
                   (b - head, top - .2), (b, 1.1), (b, .25)]
        ends = ((1, ) if k == 0 else ()) + ((5, ) if k == sections - 1
                                            else ())
        side = _extrude(figure, profile, 1.2, 'train', paint, glass=ends)
        count = max(2, round(section / 1.6))
        edges = np.linspace(a + tail + .3, b - head - .3, count + 1)
        _panes(figure, [[(p, 1.25), (p, 2.5), (q - .15, 2.5), (q - .15, 1.25)]
                        for p, q in pairwise(edges)], side, 1.21, 'train')
        _panes(figure, [[(a, .6), (a, .9), (b, .9), (b, .6)]], side, 1.21,
               'train', band)
    arm = rng.choice(GREYS)  # of the current collector
    for forward, side in ((-.7, .5), (-.7, -.5)):
        joints = np.array([(forward, top, side), (forward + .9, top + .5, 0),
                           (forward, top + 1, 0)])
        for pair in (joints[:2], joints[1:]):
            figure.balls(pair, (.05, .05), 'train', arm)


def paint_bin(canvas: Canvas, x: float, z: float, heading: float) -> None:
    """Paint a rubbish bin, which Cityscapes does not evaluate."""
    rng = canvas.rng
    figure = Figure(canvas, x, z, heading, height=1)
    top, half = rng.uniform(0.8, 1.2), rng.uniform(0.25, 0.5)
    choices = np.concatenate([GREYS, MASONRY[:2], PAINTS[5:8]])
    _cast(figure, 2 * half, 2 * half, top)
    _extrude(figure, [(-half, .02), (-half, top), (half, top * .95),
                      (half, .02)], half, 'static', rng.choice(choices))


VEHICLES = dict(car=paint_car, bus=paint_bus, truck=paint_truck,
                train=paint_train)
# Length, width and height in metres, upper bounds.
EXTENTS = dict(car=(4.9, 1.9, 1.9), bus=(11.6, 2.6, 3.3),
               truck=(9.4, 2.5, 3.5), train=(18., 2.5, 3.5))
