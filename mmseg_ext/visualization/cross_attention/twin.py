"""The cross-attention of a pair of maps with its probabilities in sight."""
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmseg_ext.models import MultiScaleCrossAttentionNeck
from mmseg_ext.models.necks.cross_scale_attention import CrossScaleAttention
from mmseg_ext.ops import attention_probabilities

NUMBERS = 2**22  # probabilities in memory at once
TOLERANCE = 1e-3  # of the twin's result, for its largest value


@dataclass(frozen=True)
class Attended:
    """Queries, keys and values of one pair of maps.

    Attributes:
        query: (B, heads, N, d).
        key: (B, heads, M, d).
        value: (B, heads, M, d).
        grid: (height, width) of the queries.
        key_grid: The same of the keys.
    """
    query: Tensor
    key: Tensor
    value: Tensor
    grid: tuple[int, int]
    key_grid: tuple[int, int]

    def blocks(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield which queries, and their (B, heads, n, M) probabilities."""
        batch, heads, number, _ = self.query.shape
        step = max(1, NUMBERS // (batch * heads * self.key.shape[2]))
        for start in range(0, number, step):
            part = slice(start, start + step)
            yield part, attention_probabilities(self.query[:, :, part],
                                                self.key)

    def some(self, number: int) -> 'Attended':
        """Draw some of the queries, always the same; all if not more."""
        total = self.query.shape[2]
        if total <= number:
            return self
        drawn = torch.randperm(
            total, generator=torch.Generator().manual_seed(0))[:number]
        return replace(self, query=self.query[
            :, :, drawn.sort().values.to(self.query.device)])

    def entropy(self) -> Tensor:
        """Return the entropy of each query's attention in nats.

        0: all of it on one key; log(M): on all keys alike.

        Returns:
            (B, heads, N).
        """
        return torch.cat([torch.special.entr(p).sum(-1)
                          for _, p in self.blocks()], dim=2)


def find_neck(model: nn.Module) -> MultiScaleCrossAttentionNeck:
    """Return a segmentor's cross-attention.

    Raises:
        ValueError: If it has none.
    """
    for module in model.modules():
        if isinstance(module, MultiScaleCrossAttentionNeck):
            return module
    raise ValueError('The model of this config has no '
                     'MultiScaleCrossAttentionNeck to look into; '
                     'configs/segformer_xattn_sem.py has one')


def open_attention(module: CrossScaleAttention, target: Tensor,
                   source: Tensor) -> Attended:
    """Compute what a pair's attention compares, as the module does.

    Args:
        module: The attention of the pair.
        target: (B, C, H, W) query map.
        source: (B, C', H', W') key/value map.
    """
    tokens, grids = module.project(target, source)
    # (B, N, C) -> (B, heads, N, C / heads)
    heads = (x.unflatten(-1, (module.num_heads, -1)).transpose(1, 2)
             for x in tokens)
    return Attended(*heads, *map(tuple, grids))


def result_of(module: CrossScaleAttention, attended: Attended,
              grid: tuple[int, int]) -> Tensor:
    """Return the attention's result, from the probabilities.

    Args:
        module: The attention of the pair.
        attended: See :func:`open_attention`.
        grid: Of the query map.

    Returns:
        (B, C, H, W).
    """
    heads = torch.cat([p @ attended.value for _, p in attended.blocks()],
                      dim=2)
    return module.to_map(_join(heads), attended.grid, tuple(grid))


def resized_values(module: CrossScaleAttention, attended: Attended,
                   grid: tuple[int, int]) -> Tensor:
    """Return the values resized to the queries: a feature pyramid's link.

    Enlarged bilinearly, or averaged over cells where the key/value map is
    the finer one.

    Returns:
        (B, C, H, W).
    """
    values = module.to_map(_join(attended.value), attended.key_grid,
                           attended.key_grid)
    if values.shape[2] > grid[0]:
        return F.adaptive_avg_pool2d(values, grid)
    return F.interpolate(values, grid, mode='bilinear', align_corners=False)


def check_twin(module: CrossScaleAttention, attended: Attended,
               output: Tensor) -> None:
    """Refuse a form of the attention that is not the one written here.

    Raises:
        ValueError: If the probabilities do not give the module's output.
    """
    twin = result_of(module, attended, output.shape[2:])
    largest = output.abs().max().clamp(min=1e-6)
    if (twin - output).abs().max() > TOLERANCE * largest:
        raise ValueError(
            'The attention of this neck gives another result than '
            'softmax(Q K^T / sqrt(d)) V: it has a form whose probabilities '
            'cannot be shown')


def _join(heads: Tensor) -> Tensor:
    return heads.transpose(1, 2).flatten(2)  # (B, heads, N, d) -> (B, N, C)
