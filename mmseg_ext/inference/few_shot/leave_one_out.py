"""Thresholds, and how well it works, from the labelled images themselves."""
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Optional

import cv2
import numpy as np
import torch
from torch import Tensor

from mmseg_ext.ops import best_threshold

from .bank import Bank, Cells
from .matching import Matching

MOST = 2**22  # pixels that thresholds are chosen on
RESIZED = (0.9, 1.1)  # copies of an image that nothing can be left out for


@dataclass(frozen=True)
class Labelled:
    """A labelled image.

    Attributes:
        name: What to call it.
        image: (H, W, 3) uint8, channels blue, green, red.
        mask: (H, W) uint8, see :class:`Cells`; None: it is a good one.
    """
    name: str
    image: np.ndarray
    mask: Optional[np.ndarray] = None


@dataclass(frozen=True)
class LeftOut:
    """What was found in a labelled image by the others.

    Attributes:
        labelled: The image, or a copy of it.
        copied: It is a flipped or resized copy, matched with the image
            itself: without it there would be nothing to match with. Expect
            less of other images.
        found: (H, W) uint8, class ids.
        iou: Of all its outlined pixels, 0 to 1; nan for a good image.
        score: By how much the highest score exceeds the threshold.
    """
    labelled: Labelled
    copied: bool
    found: np.ndarray
    iou: float
    score: float


@dataclass(frozen=True)
class Calibration:
    """A bank with its thresholds.

    Attributes:
        bank: Of all labelled images.
        thresholds: (K,), scores above which a pixel is of a class.
        left_out: Of each image, in their order.
        iou: Of all left-out images together, mean over the classes, 0 to 1;
            nan if none is outlined. The thresholds are those that are best
            for it.
    """
    bank: Bank
    thresholds: Tensor
    left_out: list[LeftOut]
    iou: float


class Looked(NamedTuple):
    """Cells of labelled images, which are the same for all matchers."""
    outlined: list[Cells]
    good: list[Cells]

    @classmethod
    def at(cls, matching: Matching, outlined: Sequence[Labelled],
           good: Sequence[Labelled]) -> 'Looked':
        """Look at the images, at a scale."""
        return cls([matching.look(one.image, one.mask) for one in outlined],
                   [matching.look(one.image) for one in good])


class _Query(NamedTuple):
    labelled: Labelled
    copied: bool
    scores: Tensor  # (K, h, w)


def choose_matching(matchings: Iterable[Matching],
                    outlined: Sequence[Labelled], good: Sequence[Labelled]
                    ) -> tuple[Matching, Calibration]:
    """Return what finds the left-out images best; of equals the first.

    Args:
        matchings: To choose from; those of one scale share what they see.
        outlined, good: See :func:`leave_one_out`.
    """
    seen: dict[float, Looked] = {}
    best = None
    for matching in matchings:
        if matching.scale not in seen:
            seen = {matching.scale: Looked.at(matching, outlined, good)}
        found = leave_one_out(matching, outlined, good, seen[matching.scale])
        if best is None or found.iou > best[1].iou:
            best = matching, found
    return best


def leave_one_out(matching: Matching, outlined: Sequence[Labelled],
                  good: Sequence[Labelled],
                  looked: Optional[Looked] = None) -> Calibration:
    """Match each labelled image with the others, and choose thresholds.

    Good images are left out in turn, too. An image that alone shows a class
    (all, if there is one) is not left out: flipped and slightly resized
    copies are matched with it in its place. Without outlined images, the
    threshold is the highest distance of a good image to the others.

    Args:
        matching: How.
        outlined: Images with masks.
        good: Images without any defect.
        looked: What is seen in them, at the scale of ``matching``; None: it
            is looked at.
    """
    cells, normal = looked or Looked.at(matching, outlined, good)
    queries = list(_queries(matching, outlined, cells, good, normal))
    bank = matching.bank([*cells, *normal])
    if not outlined:
        thresholds = torch.stack([one.scores.amax() for one in queries])
        thresholds = thresholds.amax()[None]
    else:
        thresholds = torch.tensor([
            _threshold(matching, queries, k)
            for k in range(matching.num_classes)])
    thresholds = thresholds.to(bank.background.device)
    left_out, counts = [], np.zeros((2, matching.num_classes))
    for query in queries:
        result, *parts = _judge(matching, query, thresholds)
        left_out.append(result)
        counts += parts
    with np.errstate(invalid='ignore'):
        iou = float(np.mean(counts[0] / counts[1])) if outlined else np.nan
    return Calibration(bank, thresholds, left_out, iou)


def _queries(matching: Matching, outlined: Sequence[Labelled],
             cells: Sequence[Cells], good: Sequence[Labelled],
             normal: Sequence[Cells]) -> Iterator[_Query]:
    """Yield each image with its scores by the others."""
    rounds = max(len(outlined), min(len(good), 2) if outlined else len(good))
    for i in range(rounds):
        # one good image at least stays
        held = (range(i, len(good), max(rounds, 2)) if len(good) > 1
                else range(0 if outlined else len(good)))
        rest = [one for j, one in enumerate(normal) if j not in held]
        others = [*cells[:i], *cells[i + 1:], *rest]
        if i < len(outlined):
            copied = not _can_do_without(cells[i], others)
            bank = matching.bank([*cells, *rest] if copied else others)
            for one in (_copies(outlined[i]) if copied else [outlined[i]]):
                seen = (matching.look(one.image) if copied else cells[i])
                yield _Query(one, copied, matching.score(seen, bank))
        else:
            bank = matching.bank(others or normal)
        for j in held:
            copied = len(good) == 1
            for one in (_copies(good[j]) if copied else [good[j]]):
                seen = matching.look(one.image) if copied else normal[j]
                yield _Query(one, copied, matching.score(seen, bank))


def _can_do_without(one: Cells, others: Sequence[Cells]) -> bool:
    shown = sum((other.chosen.sum(0) for other in others),
                torch.zeros_like(one.chosen.sum(0)))
    return bool((shown > 0)[one.chosen.any(0)].all()
                and any(other.background.any() for other in others))


def _copies(one: Labelled) -> list[Labelled]:
    """Return an image flipped and slightly resized, with its mask."""
    def both(change, mask_change) -> Labelled:
        mask = None if one.mask is None else mask_change(one.mask)
        return Labelled(one.name, change(one.image), mask)

    found = [both(flip, flip) for flip in (
        lambda x: np.ascontiguousarray(x[:, ::-1]),
        lambda x: np.ascontiguousarray(x[::-1]))]
    for factor in RESIZED:
        found.append(both(*(
            partial(cv2.resize, dsize=None, fx=factor, fy=factor,
                    interpolation=how)
            for how in (cv2.INTER_LINEAR, cv2.INTER_NEAREST))))
    return found


def _truth(one: Labelled) -> np.ndarray:
    return (np.zeros(one.image.shape[:2], np.uint8) if one.mask is None else
            one.mask)


def _threshold(matching: Matching, queries: Sequence[_Query],
               k: int) -> float:
    """Return the threshold of a class, against the background alone."""
    rng = np.random.default_rng(matching.seed)
    most = max(MOST // len(queries), 1)
    scores, truths, weights = [], [], []
    for query in queries:
        truth = _truth(query.labelled)
        found = matching.at_pixels(
            query.scores[k:k + 1], truth.shape)[0].cpu().flatten()
        for value in (0, k + 1):
            where = np.flatnonzero(truth == value)
            weight = max(len(where) / most, 1)
            if weight > 1:
                where = rng.choice(where, most, replace=False)
            scores.append(found[torch.from_numpy(where)])
            truths.append(torch.full((len(where), ), value > 0))
            weights.append(torch.full((len(where), ), weight))
    return best_threshold(*map(torch.cat, (scores, truths, weights)))[0]


def classify(scores: Tensor, thresholds: Tensor) -> Tensor:
    """Return logits of the background, all 0, and the classes.

    Shape:
        - scores: (K, H, W)
        - thresholds: (K,)
        - output: (K + 1, H, W)
    """
    above = scores - thresholds[:, None, None]
    return torch.cat([torch.zeros_like(above[:1]), above])


def _judge(matching: Matching, query: _Query, thresholds: Tensor
           ) -> tuple[LeftOut, np.ndarray, np.ndarray]:
    """Return what was found, and pixels of each class: both, and either."""
    truth = _truth(query.labelled)
    logits = classify(
        matching.at_pixels(query.scores, truth.shape), thresholds)
    found = logits.argmax(0).byte().cpu().numpy()
    parts = np.array([
        ((found == k) & (truth == k),
         ((found == k) | (truth == k)) & (truth <= matching.num_classes))
        for k in range(1, matching.num_classes + 1)]).sum((2, 3))
    both, either = parts.T
    iou = both.sum() / either.sum() if either.any() else np.nan
    return LeftOut(
        query.labelled, query.copied, found,
        float(np.nan if query.labelled.mask is None else iou),
        float(logits[1:].max())), both, either
