"""Bicycles and motorcycles of the synthetic street scenes."""
import math

import numpy as np

from ._street_canvas import GREYS, PAINTS, RUBBER, Canvas
from ._street_figure import CIRCLE, Figure
from ._street_people import SIDES, dress, seated


def _ring(figure: Figure, hub: np.ndarray, radius: float, tyre: float,
          label: str, steer: float = 0) -> None:
    """Paint a wheel with spokes that one looks through."""
    circle = np.zeros((len(CIRCLE), 3))
    circle[:, 0] = radius * CIRCLE[:, 0] * math.cos(steer)
    circle[:, 2] = radius * CIRCLE[:, 0] * math.sin(steer)
    circle[:, 1] = radius * CIRCLE[:, 1]
    figure.face(hub + circle, label, GREYS[1], alpha=0.3)
    thick = max(tyre, 0.6 * figure.z / figure.canvas.camera.focal)
    for a, b in zip(circle, np.roll(circle, 1, axis=0)):
        figure.balls(hub + np.array([a, b]), (thick, thick), label, RUBBER)


def paint_bicycle(canvas: Canvas, x: float, z: float, heading: float,
                  ridden: bool) -> None:
    rng = canvas.rng
    lean = rng.normal(0, 0.14) if ridden else rng.choice((-1, 1)) * 0.12
    figure = Figure(canvas, x, z, heading, lean,
                    rng.uniform(0.9, 1.05) * (1 if ridden else 1.05))
    paint = rng.choice(PAINTS) * rng.uniform(0.8, 1.1)
    radius, steer = 0.35, rng.normal(0, 0.15) if ridden else rng.normal(0, .4)
    rear, front = np.array([-.52, radius, 0]), np.array([.55, radius, 0])
    crank, saddle = np.array([-.05, .28, 0]), np.array([-.22, .95, 0])
    head, grip = np.array([.38, .82, 0]), np.array([.36, 1.05, .26])
    figure.shade(np.array([(-.9, 0, 0), (.9, 0, 0), (-.4, 1, 0),
                           (.4, 1, 0)]), 0.5)
    thick = max(0.022, 0.45 * z / canvas.camera.focal)
    _ring(figure, rear, radius, 0.022, 'bicycle')
    _ring(figure, front, radius, 0.022, 'bicycle', steer)

    def bars() -> None:
        for a, b in ((rear, crank), (rear, saddle - (0, .2, 0)),
                     (crank, saddle), (crank, head), (head, front),
                     (saddle - (0, .18, 0), head), (head, grip * (1, 1, 0))):
            figure.balls(np.array([a, b]), (thick, thick), 'bicycle', paint)
        figure.balls(np.array([grip, grip * (1, 1, -1)]), (thick, thick),
                     'bicycle', GREYS[3])
        figure.balls(saddle + np.array([(-.1, 0, 0), (.1, 0, 0)]),
                     (.06, .04), 'bicycle', RUBBER)

    bars()
    if rng.random() < 0.3:
        basket = np.array([(.42, .8, .17), (.75, .85, .17), (.78, 1.05, .17),
                           (.42, 1.05, .17)])
        figure.face(basket * (1, 1, np.sign(figure.eye[2])), 'bicycle',
                    rng.choice(GREYS), alpha=0.8)
    if ridden:
        turn = rng.uniform(-math.pi, math.pi)
        pedal = 0.17 * np.array([math.cos(turn), math.sin(turn), 0])
        feet = np.array([crank + s * pedal + (0, .05, .12 * s)
                         for s in SIDES])
        pose = seated(rng, saddle, grip, feet, rng.uniform(0.15, 0.9))
        dress(figure, pose, 'rider', rng.random() < 0.5)


def paint_motorcycle(canvas: Canvas, x: float, z: float, heading: float,
                     ridden: bool) -> None:
    """Paint a motorcycle, or a scooter with its step-through."""
    rng = canvas.rng
    lean = rng.normal(0, 0.16) if ridden else rng.choice((-1, 1)) * 0.13
    figure = Figure(canvas, x, z, heading, lean)
    paint = rng.choice(PAINTS) * rng.uniform(0.8, 1.1)
    light = figure.tone((0, 0, np.sign(figure.eye[2])))
    scooter = rng.random() < 0.5
    radius = 0.25 if scooter else 0.32
    rear, front = np.array([-.65, radius, 0]), np.array([.7, radius, 0])
    figure.shade(np.array([(-1, 0, .2), (1, 0, .2), (-1, 0, -.2), (1, 0, -.2),
                           (-.4, 1, 0), (.4, 1, 0)]), 0.9)
    grip = np.array([.38, 1.02, .34])
    saddle = np.array([-.3, .78, 0])
    for hub in (rear, front):
        _ring(figure, hub, radius, 0.06, 'motorcycle')
        figure.balls(hub, [0.11], 'motorcycle', GREYS[1])

    def hull(points: list, radii: list, colour: np.ndarray) -> None:
        figure.balls(np.array([(*p, 0) for p in points]), radii,
                     'motorcycle', colour * light)

    hull([(.68, radius), (.45, .95)], [.05, .05], GREYS[3])
    if scooter:
        hull([(-.75, .62), (-.2, .6), (-.3, .4), (-.6, .4)],
             [.16, .12, .1, .1], paint)
        hull([(-.2, .36), (.35, .36)], [.1, .1], paint * 0.85)
        hull([(.4, .4), (.5, .95)], [.16, .12], paint)
    else:
        hull([(-.3, .5), (.2, .5), (.2, .32), (-.2, .32)],
             [.14, .14, .12, .12], GREYS[0])
        hull([(-.85, .8), (-.3, .68)], [.06, .1], paint)
        hull([(-.05, .74), (.35, .82)], [.13, .15], paint)
        hull([(-.8, .4), (-.2, .34)], [.06, .05], GREYS[2])
        if rng.random() < 0.4:  # fairing
            hull([(.4, .55), (.6, 1.05), (.72, .7)], [.16, .12, .1],
                 paint * 0.95)
    hull([(-.65, .8), (-.15, .78)], [.08, .07], RUBBER)
    figure.balls(np.array([grip, grip * (1, 1, -1)]), (.03, .03),
                 'motorcycle', GREYS[3])
    figure.balls(np.array([(.55, .88, 0)]), [.1], 'motorcycle', GREYS[2])
    if scooter and rng.random() < 0.4:  # top case
        hull([(-.85, .9), (-.65, .9), (-.85, 1.1), (-.65, 1.1)], [.1] * 4,
             paint)
    if ridden:
        feet = np.array([(.1 if scooter else -.1, .42, .18 * s)
                         for s in SIDES])
        pose = seated(rng, saddle, grip, feet, rng.uniform(0.05, 0.7))
        dress(figure, pose, 'rider', True)
