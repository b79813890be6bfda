"""Scores of cells by a bank; the higher, the rather a cell is of a class."""
from collections.abc import Callable

import torch
from torch import Tensor

from mmseg_ext.ops import (
    attention_score,
    nearest_similarity,
    normal_distance,
    prototype_logits,
)

from .bank import Bank

TAU = 0.05


def match_prototypes(query: Tensor, bank: Bank) -> Tensor:
    """Log odds of each class's prototype against those of the background."""
    own, others = (prototype_logits(query, found, TAU)
                   for found in bank.prototypes)
    return own - others.logsumexp(1, keepdim=True)


def match_dense(query: Tensor, bank: Bank) -> Tensor:
    """How much more similar the nearest cell of a class is, of all cells."""
    return _similarities(query, bank) - nearest_similarity(
        query, bank.background)[:, None]


def match_dense_normal(query: Tensor, bank: Bank) -> Tensor:
    """The same and the distance to all that is normal."""
    nearest = nearest_similarity(query, bank.background)[:, None]
    return (_similarities(query, bank) - nearest) + (1 - nearest)


def match_normal(query: Tensor, bank: Bank) -> Tensor:
    """Distance to all that is normal, whatever the class."""
    return normal_distance(query, bank.background)[:, None]


def match_attention(query: Tensor, bank: Bank) -> Tensor:
    """Masks of all cells by attention: soft nearest neighbours."""
    return attention_score(query, bank.keys, bank.values, TAU)


def _similarities(query: Tensor, bank: Bank) -> Tensor:
    return torch.stack([nearest_similarity(query, cells)
                        for cells in bank.foreground], 1)


TRAINED = 'trained'  # by the head of the encoder
DENSE_NORMAL, NORMAL = 'dense+normal', 'normal'
# (N, C) cells -> (N, K) scores
MATCHERS: dict[str, Callable[[Tensor, Bank], Tensor]] = {
    DENSE_NORMAL: match_dense_normal,
    'dense': match_dense,
    'attention': match_attention,
    'prototype': match_prototypes,
    NORMAL: match_normal,
}
# Which is best depends on the defect: on transistors dense+normal, on rolled
# steel attention, on nuts the prototype. Of five images, those that are left
# out tell it well; of one, its copies tell nothing.
CHOSEN_FROM = (DENSE_NORMAL, 'dense', 'attention', 'prototype')
FEW = 3  # outlined images, below which nothing is chosen


def candidates(num_outlined: int) -> tuple[str, ...]:
    """Return the matchers that labelled images may choose from.

    Args:
        num_outlined: Number of outlined images; 0: there are good ones alone.
    """
    if not num_outlined:
        return (NORMAL, )
    return CHOSEN_FROM if num_outlined >= FEW else CHOSEN_FROM[:1]
