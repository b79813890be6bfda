"""SegFormer's encoder with fused attention."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.models.backbones.mit import (
    EfficientMultiheadAttention,
    MixVisionTransformer,
)
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.ops import attend


class FusedEfficientAttention(EfficientMultiheadAttention):
    """mmseg's attention of MiT, without the attention matrix in memory.

    ::

        x --> W_Q ----------------------> Q ----+
        |                                       +-- attend --> W_O --(+)-->
        +--> sr conv --> norm --> W_KV --> K, V-+                     ^
        identity -----------------------------------------------------+

    mmseg requests the attention matrix of nn.MultiheadAttention, which rules
    out its fused kernels, and throws the matrix away. Here its weights are
    read and its forward is not called. Attention dropout in training is left
    to mmseg's forward, matrix and all: fused kernels have it on some GPUs
    only, and no published model uses it.

    Shape:
        - x, identity: (B, H * W, C)
        - output: (B, H * W, C)

    Reference:
        Xie et al., SegFormer, 2021, equations 1 and 2.
    """

    def forward(self,
                x: Tensor,
                hw_shape: tuple[int, int],
                identity: Optional[Tensor] = None) -> Tensor:
        if self.training and self.attn.dropout > 0:
            return super().forward(x, hw_shape, identity)
        weight, bias = self.attn.in_proj_weight, self.attn.in_proj_bias
        if self.sr_ratio > 1:
            # (B, H * W, C) -> (B, H * W / sr_ratio^2, C)
            reduced = nchw_to_nlc(self.sr(nlc_to_nchw(x, hw_shape)))
            reduced = self.norm(reduced)
            sizes = [self.embed_dims, 2 * self.embed_dims]
            weights = weight.split(sizes)
            biases = (None, None) if bias is None else bias.split(sizes)
            query = F.linear(x, weights[0], biases[0])
            key_value = F.linear(reduced, weights[1], biases[1])
            key, value = key_value.chunk(2, dim=-1)
        else:
            query, key, value = F.linear(x, weight, bias).chunk(3, dim=-1)
        out = self.attn.out_proj(_attend(query, key, value, self.num_heads))
        if identity is None:
            identity = x
        return identity + self.dropout_layer(self.proj_drop(out))


def _attend(query: Tensor, key: Tensor, value: Tensor,
            num_heads: int) -> Tensor:
    if query.device.type == 'cpu' and query.dtype in (torch.bfloat16,
                                                      torch.half):
        # In half precision the CPU's fused kernel takes up to three times as
        # long, forward and backward on MiT's small grids, as in float32.
        with torch.autocast('cpu', enabled=False):
            out = attend(query.float(), key.float(), value.float(), num_heads)
        return out.to(query.dtype)
    return attend(query, key, value, num_heads)


@MODELS.register_module()
class FusedMixVisionTransformer(MixVisionTransformer):
    """Mix Transformer (MiT), SegFormer's encoder, with fused attention.

    Takes the arguments and the weights of mmseg's MixVisionTransformer and
    returns the same maps up to rounding; a config or a checkpoint switches
    by the type alone. Under one seed it also starts from the same weights
    and drops the same paths (with ``drop_rate``, other elements).

    What differs is :class:`FusedEfficientAttention`: memory for the
    attention grows with H * W and no longer with its square. In half
    precision a CPU computes the attention in float32. A forward hook on the
    inner nn.MultiheadAttention is called with ``attn_drop_rate`` alone.

    MiT's finest map has a quarter of the image's resolution, in which phases
    a few pixels thin cannot be drawn. ``enlarge=2`` makes that a half, at
    four times the cost: the image is enlarged here, so that data, labels,
    metrics and windows keep their size.

    Args:
        enlarge: Factor by which the image is enlarged first, bilinearly, 1
            or more.
        **kwargs: Of mmseg's MixVisionTransformer.

    Shape:
        - input: (B, in_channels, H, W), any size
        - output: a list with one map for each of ``out_indices``,
          (B, embed_dims * num_heads[i], H_i, W_i), by default with H_i of
          H / 4, H / 8, H / 16, H / 32, times ``enlarge``, rounded up

    Raises:
        ValueError: If ``enlarge`` is less than 1.
        AssertionError: If arguments contradict each other, as mmseg's does.

    Reference:
        Xie et al., SegFormer: Simple and Efficient Design for Semantic
        Segmentation with Transformers, 2021; open-mmlab/mmsegmentation
        v1.2.2, mmseg/models/backbones/mit.py.
    """

    def __init__(self, enlarge: float = 1, **kwargs) -> None:
        check_at_least(1, enlarge=enlarge)
        super().__init__(**kwargs)
        self.enlarge = enlarge
        for module in self.modules():
            if isinstance(module, EfficientMultiheadAttention):
                # Its weights stay as they were drawn; it has no new state.
                module.__class__ = FusedEfficientAttention
        # MixFFN stays. As matrix products on tokens, which save one hidden
        # map of three for backward, its training step took 7 % (stage 1) to
        # 36 % (stage 4) longer on a CPU. With GELU alone computed again, or
        # all of it for a block of hidden channels at a time, it was no faster
        # either, nor was the sr convolution as a product of patches.

    def forward(self, x: Tensor) -> list[Tensor]:
        if self.enlarge != 1:
            x = F.interpolate(
                x,
                scale_factor=self.enlarge,
                mode='bilinear',
                align_corners=False)
        return super().forward(x)
