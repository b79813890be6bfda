"""SegFormer's head with its fusion at each stage's own resolution."""
from collections.abc import Sequence

import torch.nn.functional as F
from mmseg.models.decode_heads import SegformerHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor

WITH_CORNERS = ('bilinear', 'bicubic')
MODES = (*WITH_CORNERS, 'nearest', 'nearest-exact', 'area')


@MODELS.register_module()
class FusedSegformerHead(SegformerHead):
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

    Takes the arguments and the weights of mmseg's SegformerHead and returns
    the same logits up to rounding, in evaluation and in training; a config
    or a checkpoint switches by the type alone.

    What differs: under autocast the sum of the stages is rounded to half
    precision after each of them. A forward hook on ``fusion_conv`` is never
    called, one on its norm and activation is. A map that is larger than the
    first costs more than in mmseg, as it is shrunk last.

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
        if interpolate_mode not in MODES:
            raise ValueError(f'interpolate_mode={interpolate_mode!r}: must '
                             f'be one of {MODES}')
        super().__init__(interpolate_mode=interpolate_mode, **kwargs)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        inputs = self._transform_inputs(inputs)
        fusion = self.fusion_conv
        weights = fusion.conv.weight.split(self.channels, dim=1)
        # a list: torch 2.4 exports an iterator from its start again
        stages = list(zip(inputs, self.convs, weights))
        x, conv, weight = stages[0]
        out = F.conv2d(conv(x), weight, fusion.conv.bias)
        for x, conv, weight in stages[1:]:
            # in place: no more than one enlarged map at a time
            out += self._resize(F.conv2d(conv(x), weight), out.shape[2:])
        if fusion.with_norm:
            out = fusion.norm(out)
        return self.cls_seg(fusion.activate(out))

    def _resize(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        # torch refuses align_corners where it has no meaning
        corners = self.interpolate_mode in WITH_CORNERS
        return resize(
            x,
            size,
            mode=self.interpolate_mode,
            align_corners=self.align_corners if corners else None)
