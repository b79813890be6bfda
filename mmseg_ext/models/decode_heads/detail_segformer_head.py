"""SegFormer's head with a path of fine detail behind it."""
from collections.abc import Sequence
from typing import Optional

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_channels

from ._classifier_init import classifier_init
from .fused_segformer_head import FusedSegformerHead


class DetailBlock(nn.Module):
    """Put a finer map beside an enlarged one, and convolve twice.

    The first convolution is 3 x 3 on the finer map and 1 x 1 on the coarse
    one. The latter and the enlarging can change places, so whoever calls it
    has applied it where the map is small: what is left of it is a sum.

    Args:
        in_channels: Channels of the finer map.
        channels: Channels of the coarse map, by then, and of the result.
        align_corners: Of the bilinear interpolation.
        **conv_args: ``conv_cfg``, ``norm_cfg`` and ``act_cfg`` of mmcv's
            ConvModule.

    Shape:
        - x: (B, channels, H, W)
        - fine: (B, in_channels, H', W')
        - output: (B, channels, H', W')
    """

    def __init__(self,
                 in_channels: int,
                 channels: int,
                 align_corners: bool = False,
                 **conv_args) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.lateral = ConvModule(in_channels, channels, 3, padding=1,
                                  **conv_args)
        self.conv = ConvModule(channels, channels, 3, padding=1, **conv_args)

    def forward(self, x: Tensor, fine: Tensor) -> Tensor:
        lateral = self.lateral
        x = lateral.conv(fine) + F.interpolate(
            x, fine.shape[2:], mode='bilinear',
            align_corners=self.align_corners)
        if lateral.with_norm:
            x = lateral.norm(x)
        return self.conv(lateral.activate(x))


@MODELS.register_module()
class DetailSegformerHead(FusedSegformerHead):
    """SegFormer's head that ends at the resolution of finer maps.

    ::

        F4 .. F32 --> FusedSegformerHead's sum --> W_a (1 x 1)
                                                    | enlarge
        F2 ----> conv 3 x 3 ----------------------(+)--> norm, ReLU
                                                    | conv 3 x 3, W_b (1 x 1)
                                                    | enlarge
        F1 ----> conv 3 x 3 ----------------------(+)--> ...  --> logits

    At stride 4 a particle of three pixels is less than one value. The
    channels that tell phases apart stay there; behind them a narrow path
    takes the place of a boundary from the maps that have it, of the encoder
    (:class:`~mmseg_ext.models.TimmBackbone` has one at stride 2) or of a
    stem beside it (:class:`~mmseg_ext.models.DetailStem`).

    Args:
        in_channels: Channels of the maps at stride 4 and above, for the sum.
        detail_in_channels: Channels of the finer maps, finest first; they
            come before the others.
        detail_channels: Channels of each block, coarsest first; one for each
            finer map.
        in_index: Which of the maps that come in, finest first; None: the
            first ones.
        init_cfg: Initialisation; None: the classifier from
            N(0, 1 / sqrt(channels)), for it is narrow.
        **kwargs: Of :class:`FusedSegformerHead`; ``channels`` are those of
            the sum.

    Shape:
        - inputs: a map (B, C_i, H_i, W_i) for each entry of
          ``detail_in_channels`` and of ``in_channels``
        - output: (B, out_channels, H_0, W_0), of the finest map

    Raises:
        ValueError: If the arguments contradict each other.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 detail_in_channels: Sequence[int],
                 detail_channels: Sequence[int],
                 in_index: Optional[Sequence[int]] = None,
                 init_cfg: Optional[dict | list[dict]] = None,
                 **kwargs) -> None:
        check_channels('detail_in_channels', detail_in_channels, 1,
                       'one for each finer map')
        check_channels('detail_channels', detail_channels, 1,
                       'one for each finer map')
        num_details = len(detail_in_channels)
        if len(detail_channels) != num_details:
            raise ValueError(
                f'detail_channels={detail_channels!r}: must be {num_details} '
                'integers, one for each of detail_in_channels='
                f'{detail_in_channels!r}')
        if in_index is None:
            in_index = list(range(num_details + len(in_channels)))
        if len(in_index) != num_details + len(in_channels):
            raise ValueError(
                f'in_index={in_index!r}: must name {num_details} finer maps '
                f'and {len(in_channels)} others')
        super().__init__(
            in_channels=in_channels,
            in_index=in_index[num_details:],
            init_cfg=init_cfg or classifier_init(detail_channels[-1]),
            **kwargs)
        self.detail_index = list(in_index[:num_details])
        self.conv_seg = nn.Conv2d(detail_channels[-1], self.out_channels, 1)
        # W_a, W_b, ...: without a bias, which the lateral's norm has
        self.reductions = nn.ModuleList(
            nn.Conv2d(before, after, 1, bias=False) for before, after in zip(
                [self.channels, *detail_channels], detail_channels))
        self.details = nn.ModuleList(
            DetailBlock(
                fine, channels, align_corners=self.align_corners,
                conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg,
                act_cfg=self.act_cfg)
            for fine, channels in zip(reversed(detail_in_channels),
                                      detail_channels))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        first, *others = self.reductions
        x = self._fuse(self._transform_inputs(inputs), first)
        fine = [inputs[i] for i in reversed(self.detail_index)]
        x = self.details[0](x, fine[0])
        for reduction, block, each in zip(others, self.details[1:], fine[1:]):
            x = block(reduction(x), each)
        return self.conv_seg(x)
