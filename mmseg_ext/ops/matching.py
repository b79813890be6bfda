"""Few-shot matching: cells of an image against those of labelled ones.

A cell is the vector of one place of a feature map, a bank many of them.
Similarities are cosines: cells need not be normalised.
"""
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from mmseg_ext.basics.arguments import check_at_least

CHUNK = 2**24  # similarities that are held at a time: 64 MB


def area_mask(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return how much of each cell a mask covers.

    By areas: of the nearest pixels, a scratch four pixels wide would vanish
    at stride 16.

    Args:
        mask: 0 to 1.
        size: (rows, columns) of the grid.

    Shape:
        - mask: (B, H, W)
        - output: (B, h, w), 0 to 1
    """
    return F.interpolate(mask[:, None].float(), size, mode='area')[:, 0]


def foreground_cells(covered: Tensor, least: float = 0.3) -> Tensor:
    """Return which cells stand for what a mask outlines.

    Those of more than ``least``; where a mask reaches it nowhere, the cell
    that it covers most, so that no outlined thing is without one.

    Args:
        covered: See :func:`area_mask`.
        least: Fraction of a cell, 0 to 1.

    Shape:
        - covered: (B, h, w)
        - output: (B, h, w) bool; none of a mask without a pixel
    """
    flat = covered.flatten(1)  # (B, h, w) -> (B, h * w)
    found = flat > least
    highest = flat.amax(1, keepdim=True)
    most = torch.zeros_like(found).scatter_(
        1, flat.argmax(1, keepdim=True), highest > 0)
    found |= most & ~found.any(1, keepdim=True)
    return found.view_as(covered)


def subsample_cells(cells: Tensor, most: int, seed: int = 0) -> Tensor:
    """Return at most so many cells, drawn at random, in their order.

    Shape:
        - cells: (N, C)
        - output: (min(N, most), C)
    """
    if len(cells) <= most:
        return cells
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(cells), generator=generator)[:most]
    return cells[chosen.sort().values.to(cells.device)]


def prototype(cells: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of cells, sum m f / sum m.

    Shape:
        - cells: (N, C)
        - weights: (N,), 0 or more
        - output: (C,)

    Raises:
        ValueError: If no weight is more than 0.
    """
    total = weights.sum()
    if not total > 0:
        raise ValueError('A prototype needs a cell of weight above 0')
    return (weights[:, None] * cells).sum(0) / total


def cluster_prototypes(cells: Tensor, count: int, seed: int = 0,
                       steps: int = 20) -> Tensor:
    """Return the prototypes of groups of cells, by spherical k-means.

    Args:
        cells: To be grouped.
        count: Of groups; fewer cells are each one.
        seed: Of the cells that it starts from.
        steps: At most.

    Shape:
        - cells: (N, C)
        - output: (min(count, N), C), normalised
    """
    check_at_least(1, count=count)
    cells = F.normalize(cells, dim=1)
    centres = subsample_cells(cells, count, seed)
    group = None
    for _ in range(steps):
        before, group = group, (cells @ centres.T).argmax(1)
        if before is not None and torch.equal(before, group):
            break
        sums = torch.zeros_like(centres).index_add_(0, group, cells)
        # a group that has lost all its cells stays where it was
        norms = sums.norm(dim=1, keepdim=True)
        centres = torch.where(norms > 0, sums / norms.clamp_min(1e-12),
                              centres)
    return centres


def prototype_logits(query: Tensor, prototypes: Tensor,
                     tau: float = 0.05) -> Tensor:
    """Return -d / tau, d = 1 - cos, of every cell to every prototype.

    Their softmax over prototypes is P(c | x).

    Args:
        query: Cells.
        prototypes: One for each class, or several.
        tau: Temperature.

    Shape:
        - query: (N, C)
        - prototypes: (K, C)
        - output: (N, K)
    """
    return (F.normalize(query, dim=1)
            @ F.normalize(prototypes, dim=1).T - 1) / tau


def nearest_similarity(query: Tensor, bank: Tensor,
                       chosen: Optional[Tensor] = None) -> Tensor:
    """Return the cosine of each cell with the most similar one of a bank.

    One matrix product, in parts that keep the memory within bounds.

    Args:
        query: Cells.
        bank: Cells.
        chosen: Which of the bank count; None: all. A selection of the bank
            has no fixed size, which compilers and exports want.

    Shape:
        - query: (N, C)
        - bank: (M, C)
        - chosen: (M,) bool
        - output: (N,), -1 to 1; -1 if the bank is empty
    """
    if not len(bank):
        return query.new_full((len(query), ), -1)
    query, bank = F.normalize(query, dim=1), F.normalize(bank, dim=1)
    passed_over = None if chosen is None else ~chosen
    return torch.cat([_nearest(part @ bank.T, passed_over)
                      for part in query.split(_rows(bank))])


def normal_distance(query: Tensor, normal: Tensor) -> Tensor:
    """Return 1 - max_j cos(x, normal_j) of every cell x: how new it is.

    Shape:
        - query: (N, C)
        - normal: (M, C)
        - output: (N,), 0 to 2
    """
    return 1 - nearest_similarity(query, normal)


def attention_score(query: Tensor, keys: Tensor, values: Tensor,
                    tau: float = 0.05, normalize: bool = True,
                    chosen: Optional[Tensor] = None) -> Tensor:
    """Return sum_j softmax_j(q . k_j / tau) v_j: masks by cross-attention.

    ``tau=1, normalize=False`` is the raw form. On normalised cells it would
    be nearly the mean of the values everywhere: cosines differ by too
    little.

    Args:
        query: Cells.
        keys: Cells of the supports.
        values: Of each key, such as how much of it a mask covers.
        tau: Temperature.
        normalize: Take cosines for q . k.
        chosen: Which of the keys count; None: all.

    Shape:
        - query: (N, C)
        - keys: (M, C)
        - values: (M, K)
        - chosen: (M,) bool
        - output: (N, K)
    """
    if normalize:
        query, keys = F.normalize(query, dim=1), F.normalize(keys, dim=1)
    mask = None if chosen is None else chosen[None, None]  # (1, 1, M)
    # kernels want (batch, tokens, channels)
    return torch.cat([
        F.scaled_dot_product_attention(
            part[None], keys[None], values[None], mask, scale=1 / tau)[0]
        for part in query.split(_rows(keys))])


def best_threshold(scores: Tensor, truth: Tensor,
                   weights: Optional[Tensor] = None) -> tuple[float, float]:
    """Return the threshold of the best IoU, and that IoU.

    Pixels of a score *above* the threshold count as found. It lies half way
    between two scores that occur.

    Args:
        scores: Of pixels.
        truth: Which of them are to be found.
        weights: How many pixels each stands for; None: itself alone.

    Shape:
        - scores, truth, weights: (N,)

    Raises:
        ValueError: If none is to be found.
    """
    if not truth.any():
        raise ValueError('No pixel is to be found: no threshold is best')
    scores, order = scores.sort(descending=True)
    if weights is None:
        weights = torch.ones_like(scores)
    weights = weights[order].double()  # counts beyond 2**24
    hits = (weights * truth[order]).cumsum(0)
    iou = hits / (weights.cumsum(0) + hits[-1] - hits)
    # equal scores are found together
    last = torch.ones_like(scores, dtype=torch.bool)
    last[:-1] = scores[1:] < scores[:-1]
    best = int(iou.where(last, -1).argmax())
    below = scores[best + 1] if best + 1 < len(scores) else scores[best] - 1
    return float((scores[best] + below) / 2), float(iou[best])


def _nearest(similarities: Tensor, passed_over: Optional[Tensor]) -> Tensor:
    if passed_over is not None:
        similarities = similarities.masked_fill(passed_over, -1)
    return similarities.amax(1)


def _rows(bank: Tensor) -> int:
    return max(CHUNK // max(len(bank), 1), 1)
