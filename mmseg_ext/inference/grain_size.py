"""Grain size of a phase after ASTM E112, by planimetric count and intercepts.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmseg_ext.basics.phase_fractions import confidence_interval

SQUARE_MM = 1e6  # square micrometres
# ASTM E112-13, equations of table 4, metric
PLANIMETRIC = 3.321928, -2.954
INTERCEPT = -6.643856, -3.288


def planimetric_number(grains_per_mm2: float) -> float:
    """Return G from the number of grains in a square millimetre."""
    return _number(PLANIMETRIC, grains_per_mm2)


def intercept_number(mean_intercept_mm: float) -> float:
    """Return G from the mean lineal intercept in millimetres."""
    return _number(INTERCEPT, mean_intercept_mm)


def _number(line: tuple[float, float], value: float) -> float:
    if not 0 < value < np.inf:
        return np.nan
    slope, offset = line
    return float(slope * np.log10(value) + offset)


class GrainCount(NamedTuple):
    """Grains of a phase in an image.

    ``inside``: grains that do not touch the image's border; ``cut``: those
    that do; ``area``: of both in pixels; ``intercepts``: grains that every
    row and every column meets, an end at the border half; ``line``: length
    in pixels of rows and columns within the phase.
    """
    inside: int
    cut: int
    area: int
    intercepts: float
    line: int


def count_grains(labels: np.ndarray, min_area: int = 1) -> GrainCount:
    """Count the grains of a phase, and what test lines meet of them.

    Args:
        labels: (H, W), 0 outside the phase, see :func:`label_grains`.
        min_area: Smaller ones are no grains, in pixels.

    Reference:
        ASTM E112: planimetric procedure, and intercept procedure with
        horizontal and vertical lines.
    """
    areas = np.bincount(labels.ravel())
    kept = areas >= min_area
    kept[0] = False
    labels = np.where(kept[labels], labels, 0)
    border = np.concatenate([
        labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    cut = len(np.unique(border[border > 0]))
    area = int(areas[kept].sum())
    return GrainCount(
        int(kept.sum()) - cut, cut, area,
        _intercepts(labels) + _intercepts(labels.T), 2 * area)


def _intercepts(labels: np.ndarray) -> float:
    """Return how many grains the rows of (H, W) labels meet."""
    # A run begins where the label changes to a grain's.
    begun = (labels[:, 1:] != labels[:, :-1]) & (labels[:, 1:] > 0)
    first, last = (labels[:, end] > 0 for end in (0, -1))
    return float(begun.sum() + first.sum() - (first.sum() + last.sum()) / 2)


@dataclass(frozen=True)
class GrainSize:
    """Grain size of a phase over all images whose scale is known.

    Attributes:
        phase: Its name.
        n: Number of images with grains of it.
        grains_inside: Grains that do not touch an image's border.
        grains_cut: Those that do; they count half.
        grains_per_mm2: Number in a square millimetre of the phase.
        planimetric_g: G by that number.
        planimetric_ci95: Half width of the 95 % confidence interval of G
            over images; nan for one.
        mean_intercept_um: Mean length of test line in a grain.
        intercept_g: G by that length.
        intercept_ci95: As above.
    """
    phase: str
    n: int
    grains_inside: int
    grains_cut: int
    grains_per_mm2: float
    planimetric_g: float
    planimetric_ci95: float
    mean_intercept_um: float
    intercept_g: float
    intercept_ci95: float

    def describe(self, split: bool) -> str:
        """Say it, with the rules that it was counted by."""
        if not self.n:
            return (f'No grain size of {self.phase}: no image of known scale '
                    'has any of it.')
        touching = ('grains that touch were separated by watershed' if split
                    else 'grains that touch were counted as one '
                    '(--split-touching separates them)')
        return (
            f'Grain size of {self.phase} after ASTM E112, n = {self.n}: G = '
            f'{_write(self.planimetric_g, self.planimetric_ci95)} by '
            f'planimetric count ({self.grains_inside} grains inside, '
            f'{self.grains_cut} cut by the border of an image counted half; '
            f'{self.grains_per_mm2:.4g} in a mm2 of the phase), G = '
            f'{_write(self.intercept_g, self.intercept_ci95)} by intercepts '
            f'(mean {self.mean_intercept_um:.4g} µm; every row and column is '
            'a test line, ends at the border count half); '
            f'{touching}.')


def _write(value: float, half: float) -> str:
    return f'{value:.2f}' + ('' if np.isnan(half) else f' +- {half:.2f}')


def numbers_of(count: GrainCount, um: float) -> tuple[float, float]:
    """Return G of an image by planimetric count and by intercepts.

    Args:
        count: Its grains.
        um: Side of a pixel in micrometres.
    """
    area = count.area * um**2 / SQUARE_MM
    grains = count.inside + count.cut / 2
    mean = count.line * um / 1e3 / count.intercepts if (
        count.intercepts) else np.nan
    return (planimetric_number(grains / area if area else np.nan),
            intercept_number(mean))


def summarize_grains(phase: str, counts: Sequence[GrainCount],
                     um: Sequence[float]) -> GrainSize:
    """Return the grain size of a phase over images.

    The numbers are those of all grains together; the intervals tell how the
    images' own numbers differ. Grains are counted to the area of the phase,
    not of the image, so that other phases change nothing; lines of a class of
    boundaries are no part of it, either.

    Args:
        phase: Its name.
        counts: Of each image.
        um: Side of a pixel of each image in micrometres.
    """
    found = [(count, side) for count, side in zip(counts, um) if count.area]
    inside, cut = (sum(getattr(count, name) for count, _ in found)
                   for name in ('inside', 'cut'))
    area = sum(count.area * side**2 for count, side in found) / SQUARE_MM
    line = sum(count.line * side for count, side in found)
    intercepts = sum(count.intercepts for count, _ in found)
    density = (inside + cut / 2) / area if area else np.nan
    mean = line / intercepts if intercepts else np.nan
    each = np.array([numbers_of(*one) for one in found]).reshape(-1, 2)
    spread = [float(confidence_interval(
        column[~np.isnan(column)][:, None])[0]) for column in each.T]
    return GrainSize(
        phase, len(found), inside, cut, float(density),
        planimetric_number(density), spread[0], float(mean),
        intercept_number(mean / 1e3), spread[1])
