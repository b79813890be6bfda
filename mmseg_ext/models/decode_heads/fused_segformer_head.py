"""SegFormer's head with its fusion at each stage's own resolution."""
from collections.abc import Sequence
from typing import Optional

import torch
import torch.distributed as dist
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads import SegformerHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.ops import (
    add_resized_,
    conv_norm_relu_conv,
    norm_relu_conv,
)

from ._pixel_loss import PixelLossMixin

WITH_CORNERS = ('bilinear', 'bicubic')
MODES = (*WITH_CORNERS, 'nearest', 'nearest-exact', 'area')


@MODELS.register_module()
class FusedSegformerHead(PixelLossMixin, SegformerHead):
    """SegFormer's all-MLP head, which fuses before it enlarges.

    ::

        F4  --> conv, norm, ReLU --> W_1 --------------(+)--> norm, ReLU --+
        F8  --> conv, norm, ReLU --> W_2 --> enlarge ---^                  |
        F16 --> conv, norm, ReLU --> W_3 --> enlarge ---^         logits <-+
        F32 --> conv, norm, ReLU --> W_4 --> enlarge ---^

    mmseg enlarges all maps to the first one's size, concatenates them and
    convolves with W = [W_1 W_2 W_3 W_4], 1 x 1. Resizing mixes pixels of one
    channel and W channels of one pixel, so the two can change places:
    W cat(up(x_i)) = sum_i up(W_i x_i). That convolves the fewer pixels of
    the small maps, and no map of 4 * channels ever exists.

    In training of all maps of ``channels`` the one sum is saved for
    backward, where mmseg saves nearly ten times as much; the others are
    computed again. On a CPU a batch norm and the 1 x 1 convolution before it
    become one convolution, since the moments of the few channels that go in
    tell those of the many that come out; dropout scales the channels of the
    last convolution in place of the map. Elsewhere PyTorch's own layers take
    the batch at once. :mod:`mmseg_ext.ops.pointwise` has both forms.

    Takes the arguments and the weights of mmseg's SegformerHead and returns
    the same logits up to rounding, in evaluation and in training; a config
    or a checkpoint switches by the type alone.

    What differs: under autocast the sum of the stages is rounded to half
    precision after each of them. A forward hook on ``fusion_conv`` is never
    called, and in training with batch norm none on a layer of the head but
    the dropout. Norms that are synchronized between processes, frozen, or
    followed by another activation than ReLU run as in mmseg, with its memory.
    A map that is larger than the first costs more than in mmseg, as it is
    shrunk last.

    Layers may be narrower than ``channels``, as pruning leaves them.

    Args:
        interpolate_mode: How maps are resized: 'bilinear', 'bicubic',
            'nearest', 'nearest-exact' or 'area'. ``align_corners`` applies
            to the first two. (mmseg's own head runs with the other three
            for ``align_corners=None`` only.)
        **kwargs: Of mmseg's SegformerHead.

    Shape:
        - inputs: one map (B, in_channels[i], H_i, W_i) for each stage
        - output: (B, out_channels, H_0, W_0), of the first map of
          ``in_index``

    Raises:
        ValueError: If ``interpolate_mode`` is none of these.

    Reference:
        Xie et al., SegFormer, 2021, equation 4; open-mmlab/mmsegmentation
        v1.2.2, mmseg/models/decode_heads/segformer_head.py.
    """

    def __init__(self, interpolate_mode: str = 'bilinear', **kwargs) -> None:
        check_choice('interpolate_mode', interpolate_mode, MODES)
        super().__init__(interpolate_mode=interpolate_mode, **kwargs)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        return self._fuse(self._transform_inputs(inputs), self.conv_seg)

    def _fuse(self, inputs: Sequence[Tensor], last: nn.Conv2d) -> Tensor:
        """Return last(dropout(relu(norm(sum of the stages)))).

        Args:
            inputs: A map for each stage.
            last: A 1 x 1 convolution, (B, channels, H_0, W_0) to
                (B, last.out_channels, H_0, W_0).
        """
        fusion = self.fusion_conv
        # of the layers, not of the config: pruning narrows each by itself
        widths = [conv.conv.out_channels for conv in self.convs]
        weights = fusion.conv.weight.split(widths, dim=1)
        # a list: torch 2.4 exports an iterator from its start again
        stages = list(zip(inputs, self.convs, weights))
        tracked = _Tracked(
            fusion.conv.weight, [*widths, fusion.conv.out_channels])
        out = self._project(tracked, *stages[0], fusion.conv.bias)
        # (B, channels, H_i, W_i) each, one after the other
        maps = (self._project(tracked, *stage) for stage in stages[1:])
        # torch refuses align_corners where it has no meaning
        corners = self.interpolate_mode in WITH_CORNERS
        resizing = dict(
            mode=self.interpolate_mode,
            align_corners=self.align_corners if corners else None)
        if self.training:
            out = add_resized_(out, list(maps), **resizing)
        else:
            for x in maps:
                # in place: no more than one enlarged map at a time
                out += resize(x, out.shape[2:], **resizing)
        out = self._finish(tracked, out, last)
        tracked.update()
        return out

    def _project(self,
                 tracked: '_Tracked',
                 x: Tensor,
                 conv: ConvModule,
                 weight: Tensor,
                 bias: Optional[Tensor] = None) -> Tensor:
        """Return W_i relu(norm(conv(x))) + bias, (B, channels, H_i, W_i)."""
        if not _normalizes_by_batch(conv, x):
            return F.conv2d(conv(x), weight, bias)
        norm = conv.norm
        out, mean, variance = conv_norm_relu_conv(
            x, conv.conv.weight.flatten(1), norm.weight, norm.bias,
            weight.flatten(1), bias, norm.eps,
            tracked.space(conv.conv.out_channels))
        if conv.conv.bias is not None:
            mean = mean + conv.conv.bias.detach()
        tracked.add(norm, mean, variance)
        return out

    def _finish(self, tracked: '_Tracked', x: Tensor,
                last: nn.Conv2d) -> Tensor:
        """Return last(dropout(relu(norm(x))))."""
        fusion = self.fusion_conv
        if not _normalizes_by_batch(fusion, x):
            if fusion.with_norm:
                x = fusion.norm(x)
            x = fusion.activate(x)
            return last(x if self.dropout is None else self.dropout(x))
        factor = None
        if self.dropout is not None:  # zeroes whole channels
            factor = self.dropout(x.new_ones(*x.shape[:2], 1, 1)).flatten(1)
        norm, bias = fusion.norm, last.bias
        if bias is None:
            bias = x.new_zeros(last.out_channels)
        out, *statistics = norm_relu_conv(
            x, norm.weight, norm.bias, last.weight.flatten(1), bias, factor,
            norm.eps, tracked.space(x.shape[1]))
        tracked.add(norm, *statistics)
        return out


def _normalizes_by_batch(conv: ConvModule, x: Tensor) -> bool:
    """Tell whether a batch norm by this batch alone and a ReLU follow."""
    norm = conv.norm
    if not (isinstance(norm, _BatchNorm) and norm.affine and norm.training
            and conv.with_activation and isinstance(conv.activate, nn.ReLU)):
        return False
    synchronized = (
        isinstance(norm, nn.SyncBatchNorm) and dist.is_available()
        and dist.is_initialized() and dist.get_world_size() > 1)
    # of a single pixel there is no variance, which the norm itself says
    return not synchronized and x.numel() > x.shape[1]


class _Tracked:
    """Norms of one forward pass, and what their running statistics take.

    All are updated at once: a GPU launches a kernel or two for all of them.

    Args:
        like: Of the type and the device of the statistics.
        channels: Of each norm that can be added.
    """

    def __init__(self, like: Tensor, channels: Sequence[int]) -> None:
        self.zeros = like.new_zeros(2 * sum(channels))
        self.taken = 0
        self.seen = []

    def space(self, channels: int) -> Tensor:
        """Return zeros for the next norm's mean and variance, (2, C)."""
        start, self.taken = self.taken, self.taken + 2 * channels
        return self.zeros[start:self.taken].view(2, channels)

    def add(self, norm: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
        self.seen.append((norm, mean, variance))

    def update(self) -> None:
        seen = [x for x in self.seen if x[0].track_running_stats]
        if not seen:
            return
        torch._foreach_add_([norm.num_batches_tracked for norm, *_ in seen], 1)
        by_momentum = {}
        for norm, *values in seen:
            momentum = norm.momentum
            if momentum is None:  # the mean of all batches
                momentum = 1 / int(norm.num_batches_tracked)
            lists = by_momentum.setdefault(momentum, ([], []))
            for running, value in zip((norm.running_mean, norm.running_var),
                                      values):
                lists[0].append(running)
                lists[1].append(value.to(running.dtype))
        for momentum, (running, values) in by_momentum.items():
            torch._foreach_lerp_(running, values, momentum)
