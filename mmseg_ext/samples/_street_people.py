"""People of the synthetic street scenes, on foot or seated.

Joints are (forward, up, left) in metres, of an adult of about 1.75 m.
"""
import math
from dataclasses import dataclass

import numpy as np

from ._street_canvas import (
    CLOTHES,
    GREYS,
    PAINTS,
    Canvas,
)
from ._street_figure import Figure

SKINS = np.array([(196, 156, 132), (150, 108, 84), (96, 68, 54)], np.float32)
THIGH, SHIN, ARM = 0.44, 0.44, 0.30
SIDES = (1, -1)  # left and right


@dataclass
class _Pose:
    """Joints by side, left first; each (2, 3) but for the head (3,)."""
    hip: np.ndarray
    knee: np.ndarray
    ankle: np.ndarray
    shoulder: np.ndarray
    elbow: np.ndarray
    hand: np.ndarray
    head: np.ndarray


def _swing(start: np.ndarray, angle: float, length: float,
           aside: float = 0) -> np.ndarray:
    """Return the end of a bone that hangs down, swung forward and aside."""
    return start + length * np.array([
        math.sin(angle) * math.cos(aside), -math.cos(angle) * math.cos(aside),
        math.sin(aside)])


def _bend(start: np.ndarray, end: np.ndarray, upper: float, lower: float,
          forward: float) -> np.ndarray:
    """Return the joint between two bones that reach from start to end."""
    line = end - start
    span = np.linalg.norm(line)
    reach = min(span, 0.999 * (upper + lower))
    along = (upper**2 - lower**2 + reach**2) / (2 * reach)
    out = math.sqrt(max(0., upper**2 - along**2))
    normal = np.array([-line[1], line[0], 0]) * forward
    normal /= np.linalg.norm(normal) + 1e-9
    return start + line / span * along + out * normal


def _on_foot(rng: np.random.Generator) -> _Pose:
    """Draw someone who walks, runs, stands or sits."""
    kind = rng.choice(4, p=(0.55, 0.12, 0.23, 0.1))
    stride = (rng.uniform(0.25, 0.6), rng.uniform(0.6, 1.0),
              rng.uniform(0, 0.12), 0)[kind]
    phase = rng.uniform(-1, 1)
    hips = np.array([(0, 0.92, 0.09 * s) for s in SIDES])
    bow = rng.normal(0.03, 0.05) + (0, 0.2, 0, 0.05)[kind]
    if rng.random() < 0.08:
        bow += rng.uniform(0.4, 1.0)
    trunk = np.array([math.sin(bow), math.cos(bow), 0])
    spread = abs(rng.normal(0, 0.08))
    knees, ankles, elbows, hands = [], [], [], []
    shoulders = hips.mean(axis=0) + 0.5 * trunk + np.array(
        [(0, 0, 0.19 * s) for s in SIDES])
    for k, s in enumerate(SIDES):
        turn = stride * phase * s
        if kind == 3:  # on a bench
            knee = _swing(hips[k], 1.45, THIGH, s * spread)
            ankle = _swing(knee, rng.uniform(-0.3, 0.2), SHIN)
        else:
            knee = _swing(hips[k], turn + 0.1 * stride, THIGH, s * spread)
            fold = max(0., -turn) * rng.uniform(0.7, 1.6)
            ankle = _swing(knee, turn - fold, SHIN, s * spread)
        gesture = rng.random()
        if gesture < 0.12:  # waves, points or phones
            upper = rng.uniform(0.8, 2.8)
            lower = upper + rng.uniform(0, 1.4)
        else:
            upper = -turn * rng.uniform(0.6, 1.1) + rng.normal(0, 0.1)
            lower = upper + rng.uniform(0.05, 0.5 + 1.2 * (kind == 1))
        aside = s * abs(rng.normal(0.1, 0.12))
        elbow = _swing(shoulders[k], upper, ARM, aside)
        hands.append(_swing(elbow, lower, 0.9 * ARM, 0.4 * aside))
        knees.append(knee)
        ankles.append(ankle)
        elbows.append(elbow)
    head = shoulders.mean(axis=0) + 0.23 * trunk + (
        rng.normal(0.03, 0.02), 0, rng.normal(0, 0.015))
    pose = _Pose(hips, np.array(knees), np.array(ankles), shoulders,
                 np.array(elbows), np.array(hands), head)
    drop = pose.ankle[:, 1].min() - 0.07  # the lower foot stands
    for joint in vars(pose).values():
        joint[..., 1] -= drop
    return pose


def seated(rng: np.random.Generator, saddle: np.ndarray, grip: np.ndarray,
           feet: np.ndarray, bow: float) -> _Pose:
    """Return a rider; grip (3,) is its left end, feet (2, 3)."""
    hips = saddle + np.array([(0, 0.08, 0.09 * s) for s in SIDES])
    trunk = np.array([math.sin(bow), math.cos(bow), 0])
    shoulders = hips.mean(axis=0) + 0.5 * trunk + np.array(
        [(0, 0, 0.18 * s) for s in SIDES])
    grips = np.array([grip, grip * (1, 1, -1)])
    knees = np.array([_bend(hips[k], feet[k], THIGH, SHIN, 1)
                      for k in range(2)])
    elbows = np.array([_bend(shoulders[k], grips[k], ARM, ARM, -1)
                       for k in range(2)])
    head = shoulders.mean(axis=0) + 0.21 * trunk + (rng.uniform(0, .06), .03,
                                                    0)
    return _Pose(hips, knees, feet, shoulders, elbows, grips, head)


def dress(figure: Figure, pose: _Pose, label: str, helmet: bool) -> None:
    """Paint a body in drawn clothes, the far limbs first."""
    rng = figure.canvas.rng
    light = figure.tone((0, 0.3, 0.9 * np.sign(figure.eye[2])))
    coat, trousers, shoes = (rng.choice(CLOTHES) * rng.uniform(0.8, 1.15)
                             for _ in range(3))
    skin, hair = rng.choice(SKINS), rng.choice(CLOTHES[[0, 3, 7]]) * 0.8
    bare = rng.random() < 0.25
    width = rng.uniform(0.88, 1.2)
    far = 1 if figure.eye[2] > 0 else 0

    def limb(a: np.ndarray, b: np.ndarray, radii: tuple, colour: np.ndarray,
             tone: float) -> None:
        figure.balls(np.array([a, b]), np.array(radii) * width, label,
                     colour * light * tone)

    def leg(k: int, tone: float) -> None:
        limb(pose.hip[k], pose.knee[k], (.095, .065), trousers, tone)
        limb(pose.knee[k], pose.ankle[k], (.062, .045),
             skin if bare else trousers, tone * 0.97)
        toe = pose.ankle[k] + (.16, -.03, 0)
        limb(pose.ankle[k] + (-.03, -.03, 0), toe, (.045, .04), shoes, tone)

    def arm(k: int, tone: float) -> None:
        limb(pose.shoulder[k], pose.elbow[k], (.06, .048), coat, tone)
        limb(pose.elbow[k], pose.hand[k], (.046, .036),
             skin if bare else coat, tone)
        limb(pose.hand[k], pose.hand[k], (.045, .045), skin, tone)

    arm(far, 0.75)
    leg(far, 0.78)
    leg(1 - far, 0.95)
    middle, top = pose.hip.mean(axis=0), pose.shoulder.mean(axis=0)
    away = figure.eye[0] < 0  # seen from behind
    bag = middle + (top - middle) * 0.65 + np.array([(-.2, 0, 0),
                                                     (-.2, .2, 0)])
    loaded = rng.random() < 0.25
    if loaded and not away:
        figure.balls(bag, (.15, .13), label, coat * 0.6)
    figure.balls(np.concatenate([pose.hip, pose.shoulder]),
                 np.array([.11, .11, .085, .085]) * width, label,
                 coat * light)
    if rng.random() < 0.25 and label == 'person':  # a skirt or a long coat
        hem = pose.hip + (pose.knee - pose.hip) * rng.uniform(0.6, 1.1)
        figure.balls(np.concatenate([pose.hip, hem]),
                     np.array([.12, .12, .13, .13]) * width, label,
                     coat * light * 0.95)
    if loaded and away:
        figure.balls(bag, (.15, .13), label, coat * 0.6)
    limb(top, pose.head, (.055, .05), skin, 0.85)
    figure.balls(pose.head, [.105], label, skin * light)
    cover = rng.choice(PAINTS) if helmet else hair
    figure.balls(pose.head + np.array([(-.03, .05, 0), (.02, .07, 0)]),
                 (.105, .09) if helmet or away else (.09, .075), label,
                 cover * light)
    arm(1 - far, 1.)


def paint_person(canvas: Canvas, x: float, z: float, heading: float) -> None:
    rng = canvas.rng
    scale = rng.uniform(0.58, 0.8) if rng.random() < 0.15 else rng.normal(
        1, 0.05)
    figure = Figure(canvas, x, z, heading, rng.normal(0, 0.06), scale)
    pose = _on_foot(rng)
    figure.shade(np.array([(.2, 0, .1), (-.2, 0, -.1), (.1, 0, -.2),
                           (0, 1.7, .12), (0, 1.7, -.12)]), 0.8)
    if pose.hip[0, 1] < 0.75:  # sits
        seat = pose.hip[0, 1] - .1
        figure.face([(-.3, seat, .7), (.2, seat, .7), (.2, seat, -.7),
                     (-.3, seat, -.7)], 'static', rng.choice(GREYS))
        for side in (.6, -.6):
            figure.balls(np.array([(0, 0, side), (0, seat, side)]),
                         (.04, .04), 'static', GREYS[3])
    dress(figure, pose, 'person', rng.random() < 0.1)
    if rng.random() < 0.15 and pose.hip[0, 1] > 0.75:  # carries a bag
        hand = pose.hand[0]
        figure.balls(np.array([hand - (0, .15, 0), hand - (0, .3, 0)]),
                     (.1, .13), 'person', rng.choice(CLOTHES))
