"""Objects of the synthetic street scenes, in coordinates of their own."""
import math
from collections.abc import Sequence

import cv2
import numpy as np

from ._street_canvas import Canvas

CIRCLE = np.stack([(math.cos(a), math.sin(a))
                   for a in np.linspace(0, 2 * math.pi, 12, False)])


class Figure:
    """A frame on the ground that an object is painted in.

    Local coordinates are (forward, up, left) in metres, or in what
    ``scale`` makes of them.

    Args:
        canvas: What it is painted on.
        x: Its place to the right of the camera.
        z: Its place ahead of the camera.
        heading: Angle of forward; 0 looks away from the camera.
        lean: Angle that up tilts to the left by.
        scale: Length of the local unit.
        height: Height of the object.
        outlined: Probability of an unlabelled outline, if it is not tiny.
    """

    def __init__(self, canvas: Canvas, x: float, z: float,
                 heading: float = 0, lean: float = 0, scale: float = 1,
                 height: float = 1.7,
                 outlined: float = 0.2) -> None:
        self.canvas, self.x, self.z, self.scale = canvas, x, z, scale
        forward = np.array([math.sin(heading), 0, math.cos(heading)])
        left = np.array([-math.cos(heading), 0, math.sin(heading)])
        up = np.array([0., 1., 0.])
        # (forward, up, left) -> (x, y, z)
        self.axes = np.stack([
            forward, math.cos(lean) * up + math.sin(lean) * left,
            math.cos(lean) * left - math.sin(lean) * up])
        self.plane = canvas.camera.facing(z)
        eye = np.array([-x, canvas.camera.height, -z]) / scale
        self.eye = self.axes @ eye  # the camera in local coordinates
        tall = height * canvas.camera.focal / z
        canvas.begin(bool(canvas.rng.random() < outlined
                          and tall > 0.1 * canvas.size[0]))

    def world(self, local: np.ndarray) -> np.ndarray:
        return (self.scale * np.asarray(local, np.float64) @ self.axes
                + (self.x, 0, self.z))

    def pixels(self, local: np.ndarray) -> np.ndarray:
        return self.canvas.camera.project(self.world(local))

    def face(self, local: np.ndarray, label: str, colour: np.ndarray,
             **style: float) -> None:
        """Fill a polygon (N, 3), or several (M, N, 3) as one part."""
        self.canvas.fill(self.pixels(local), label, colour, self.plane,
                         **style)

    def balls(self, centres: np.ndarray, radii: Sequence[float], label: str,
              colour: np.ndarray, **style: float) -> None:
        """Fill the hull of balls, such as a limb between two joints."""
        centres = np.atleast_2d(centres)
        world = self.world(centres)
        scale = self.scale * self.canvas.camera.focal / world[:, 2].clip(0.8)
        middles = self.canvas.camera.project(world)
        rims = (middles[:, None]
                + (scale * np.asarray(radii))[:, None, None] * CIRCLE)
        hull = cv2.convexHull(rims.reshape(-1, 2).astype(np.float32))[:, 0]
        self.canvas.fill(hull, label, colour, self.plane, **style)

    def tone(self, local_normal: Sequence[float]) -> float:
        return self.canvas.sun.tone(np.asarray(local_normal) @ self.axes)

    def shade(self, local: np.ndarray, depth: float = 1) -> None:
        """Cast the shadow of the hull of points (N, 3) on the ground."""
        world = self.world(local)
        foot = world[:, [0, 2]]
        cast = foot + np.array([self.canvas.sun.cast(y) for y in world[:, 1]])
        self.canvas.shade(cast, depth)
