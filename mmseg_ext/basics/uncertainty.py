"""Combined standard uncertainty of a fraction, after the GUM."""
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special  # stats takes most of a second to import

from .phase_fractions import interval_ends

NAN = float('nan')
FAR = 4  # half widths at most between a value and an end


@dataclass(frozen=True)
class Term:
    """A part of an uncertainty, independent of the others.

    Attributes:
        u: Standard uncertainty, 0 or more; nan where it is not known.
        dof: Degrees of freedom of ``u``.
    """
    u: float
    dof: float


@dataclass(frozen=True)
class Combined:
    """A value with its expanded uncertainty.

    Attributes:
        value: What was estimated, in percent.
        u: Combined standard uncertainty, in percentage points.
        dof: Its effective degrees of freedom.
        factor: Coverage factor k, t(0.975, ``dof``).
    """
    value: float
    u: float
    dof: float
    factor: float

    @property
    def half(self) -> float:
        """Expanded uncertainty k u, in percentage points."""
        return 0.0 if self.u == 0 else self.factor * self.u

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval in percent, see :func:`fraction_interval`."""
        return fraction_interval(self.value, self.half)


def mean_term(values: np.ndarray) -> Term:
    """Return the uncertainty of a mean, s / sqrt(n), of n - 1 degrees.

    Args:
        values: (n, ) independent observations.

    Reference:
        JCGM 100:2008 (GUM), 4.2.3, type A.
    """
    number = len(values)
    if number < 2:
        return Term(NAN, 0)
    return Term(float(np.std(values, ddof=1)) / math.sqrt(number), number - 1)


def combine(value: float, terms: Sequence[Term]) -> Combined:
    """Combine independent terms by the Welch-Satterthwaite formula.

    u^2 = sum u_i^2, nu = u^4 / sum(u_i^4 / nu_i), k = t(0.975, nu).

    Args:
        value: What was estimated, in percent.
        terms: In percentage points.

    Returns:
        nan but for the value, if a term is not known.

    Reference:
        JCGM 100:2008 (GUM), 5.1.2, G.4.1 and G.6.4.
    """
    squares = [term.u**2 for term in terms]
    total = sum(squares)
    if math.isnan(total):
        return Combined(value, NAN, NAN, NAN)
    if not total:
        return Combined(value, 0.0, math.inf, 1.96)
    dof = total**2 / sum(square**2 / term.dof
                         for square, term in zip(squares, terms) if square)
    return Combined(value, math.sqrt(total), dof,
                    float(special.stdtrit(dof, 0.975)))


def fraction_interval(value: float, half: float) -> tuple[float, float]:
    """Return an interval of a fraction that stays within 0 to 100 %.

    ``value`` +- ``half``; where that leaves the range, the same on the logit
    scale: logit(p) +- half / (p (1 - p)), taken back, but no farther from
    ``value`` than four times ``half``: it grows exponentially. Of phases of
    which there is little it holds the truth more often than an interval that
    is merely cut off.

    Args:
        value: In percent.
        half: Half width, in percentage points; nan: there is none.

    Returns:
        Lower and upper end in percent; nan where there is no interval.

    Reference:
        Newcombe, Logit confidence intervals and the inverse sinh
        transformation, Am. Stat. 55:200, 2001.
    """
    if math.isnan(half) or not half:
        return (NAN, NAN) if math.isnan(half) else interval_ends(value, 0)
    low, high = value - half, value + half
    if (low >= 0 and high <= 100) or not 0 < value < 100:
        return max(min(low, 100.0), 0.0), max(min(high, 100.0), 0.0)
    p = value / 100
    logit, width = special.logit(p), half / 100 / (p * (1 - p))
    return (max(100 * float(special.expit(logit - width)), value - FAR * half),
            min(100 * float(special.expit(logit + width)), value + FAR * half))


def reallocate(fractions: np.ndarray, confusion: np.ndarray) -> np.ndarray:
    """Correct fractions by what predictions of each class truly are.

    p_k = sum_i W_i n_ik / n_i, with W_i the fraction predicted as class i
    and n_ik the validated pixels that were predicted as i and are k. A class
    that was never predicted in the validation stays as it is.

    Args:
        fractions: (..., num_classes) predicted.
        confusion: (..., num_classes, num_classes) pixels, true by predicted
            class.

    Returns:
        (..., num_classes), as many in all as before. It holds as long as
        what is predicted as a class is truly made up as in the validation.

    Reference:
        Olofsson et al., Good practices for estimating area and assessing
        accuracy of land change, Remote Sens. Environ. 148:42, 2014; the
        estimator is Tenenbein's, Technometrics 14:187, 1972.
    """
    counts = np.swapaxes(confusion, -1, -2)  # predicted by true class
    total = counts.sum(-1, keepdims=True)
    made_of = np.where(total > 0, counts / np.maximum(total, 1),
                       np.eye(counts.shape[-1]))
    return np.einsum('...i,...ik->...k', fractions, made_of)


def reallocation_terms(fractions: np.ndarray, confusion: np.ndarray,
                       draws: int = 1000, seed: int = 0) -> list[Term]:
    """Return what :func:`reallocate` owes to the validated images.

    The standard deviation over bootstrap draws of whole images (pixels of
    an image are not independent), times sqrt(m / (m - 1)) for m of them.

    Args:
        fractions: (num_classes, ) predicted, as a mean over images.
        confusion: (num_units, num_classes, num_classes) of each validated
            image, or group of those that belong together.
        draws: How often they are drawn.
        seed: Of the drawing.

    Returns:
        Of each class, in the unit of the fractions.

    Reference:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 5.3
        (the factor) and 6.
    """
    number = len(confusion)
    if number < 2:
        return [Term(NAN, 0)] * len(fractions)
    times = np.random.default_rng(seed).multinomial(
        number, np.full(number, 1 / number), draws)
    drawn = np.tensordot(times, confusion, 1)  # (draws, C, C)
    spread = reallocate(fractions, drawn).std(0, ddof=1)
    return [Term(float(value), number - 1)
            for value in spread * math.sqrt(number / (number - 1))]
