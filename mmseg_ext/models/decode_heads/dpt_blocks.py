"""Reassemble and fusion blocks of the dense prediction transformer."""
import math
from collections.abc import Sequence
from typing import Optional

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_choice

READOUTS = ('ignore', 'add', 'project')


def describe(entry) -> str:
    """Say what a backbone returned, for an error."""
    if isinstance(entry, Tensor):
        return f'a tensor of shape {tuple(entry.shape)}'
    if isinstance(entry, (list, tuple)):
        return (f'a {type(entry).__name__} of '
                f'[{", ".join(describe(part) for part in entry)}]')
    return f'a {type(entry).__name__}'


def _resample_layer(channels: int, scale: float) -> nn.Module:
    if scale > 1:
        factor = int(scale)
        return nn.ConvTranspose2d(channels, channels, factor, stride=factor)
    if scale == 1:
        return nn.Identity()
    return nn.Conv2d(channels, channels, 3, stride=int(1 / scale), padding=1)


class ReassembleBlocks(BaseModule):
    """Turn the tokens of several ViT layers into maps of several scales.

    Of each stage::

        tokens --> Read (class token) --> Concatenate (1 x 1 conv) --> Resample

    Args:
        embed_dims: Channels of the tokens.
        out_channels: Channels of each stage's map.
        scales: Resampling factor of each stage relative to the token grid:
            an integer n (transposed convolution with kernel and stride n),
            1 (nothing) or 1 / n (3 x 3 convolution with stride n).
        readout_type: What becomes of the class token: 'ignore', 'add' it to
            every token, or 'project', GELU(Linear(cat(token, class token))).
        token_grid: Height and width of the token grid, for entries that
            come as tokens. None: the grid is square.
        init_cfg: Initialisation, see mmengine's BaseModule.

    Shape:
        - inputs: one entry for each stage: a pair of map (B, C, H, W) and
          class token (B, C); tokens (B, 1 + H * W, C), class token first;
          or, for the readout 'ignore', a map (B, C, H, W)
        - output: as many maps, (B, out_channels[i], scales[i] * H,
          scales[i] * W), rounded up

    Raises:
        ValueError: If an argument is not among what is allowed, or an entry
            has none of these forms.

    Reference:
        Ranftl et al., Vision Transformers for Dense Prediction,
        arXiv 2103.13413, section 3; isl-org/DPT, dpt/vit.py.
    """

    def __init__(self,
                 embed_dims: int,
                 out_channels: Sequence[int],
                 scales: Sequence[float],
                 readout_type: str = 'ignore',
                 token_grid: Optional[tuple[int, int]] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        check_choice('readout_type', readout_type, READOUTS)
        if (len(scales) != len(out_channels)
                or not all(s > 0 and float(max(s, 1 / s)).is_integer()
                           for s in scales)):
            raise ValueError(
                f'reassemble_scales={scales!r}: must be an integer n or '
                f'1 / n for each of the {len(out_channels)} stages')
        if token_grid is not None and (len(token_grid) != 2
                                       or min(token_grid) < 1):
            raise ValueError(f'token_grid={token_grid!r}: must be None or '
                             '(height, width) in tokens')
        self.embed_dims = embed_dims
        self.readout_type = readout_type
        self.token_grid = token_grid
        self.projects = nn.ModuleList(
            ConvModule(embed_dims, channels, 1, act_cfg=None)
            for channels in out_channels)
        self.resize_layers = nn.ModuleList(
            _resample_layer(channels, scale)
            for channels, scale in zip(out_channels, scales))
        if readout_type == 'project':
            self.readout_projects = nn.ModuleList(
                nn.Sequential(nn.Linear(2 * embed_dims, embed_dims), nn.GELU())
                for _ in out_channels)

    def forward(self, inputs: Sequence) -> list[Tensor]:
        outs = []
        for stage, entry in enumerate(inputs):
            x = self._read(stage, *self._split(stage, entry))
            outs.append(self.resize_layers[stage](self.projects[stage](x)))
        return outs

    def _read(self, stage: int, x: Tensor, token: Optional[Tensor]) -> Tensor:
        if self.readout_type == 'ignore':
            return x
        if token is None:
            raise ValueError(
                f'Stage {stage}: readout_type={self.readout_type!r} needs the '
                'class token, and the backbone returned a map alone. Set '
                "output_cls_token=True in mmseg's VisionTransformer or "
                "out_type='raw' in mmpretrain's, or readout_type='ignore' "
                'here.')
        if self.readout_type == 'add':
            return x + token[:, :, None, None]
        # Linear(cat(t, r)) = W_t t + (W_r r + b): the bracket is the same
        # for all tokens of an image, so it is computed once.
        linear, gelu = self.readout_projects[stage]
        weight = linear.weight[:, :self.embed_dims, None, None]
        constant = F.linear(token, linear.weight[:, self.embed_dims:],
                            linear.bias)
        return gelu(F.conv2d(x, weight) + constant[:, :, None, None])

    def _split(self, stage: int, entry) -> tuple[Tensor, Optional[Tensor]]:
        """Bring an entry of any form to a map and a class token."""
        # A tensor is told by its rank alone: unpacking it, or asking its
        # length, would take the batch for a pair.
        x, token = entry, None
        if isinstance(entry, (list, tuple)) and len(entry) == 2:
            x, token = entry
        elif isinstance(entry, Tensor) and entry.ndim == 3:
            # (B, 1 + H * W, C) -> (B, C, H, W)
            token, patches = entry[:, 0], entry[:, 1:].transpose(1, 2)
            x = patches.unflatten(2, self._grid(stage, entry.shape[1]))
        if (not isinstance(x, Tensor) or x.ndim != 4
                or x.shape[1] != self.embed_dims
                or (token is not None
                    and (not isinstance(token, Tensor)
                         or token.shape != x.shape[:2]))):
            channels = self.embed_dims
            raise ValueError(
                f'Stage {stage}: found {describe(entry)}; expected a pair '
                f'of map (B, {channels}, H, W) and class token '
                f'(B, {channels}), tokens (B, 1 + H * W, {channels}), or a '
                f'map alone. embed_dims={channels} must be those of the '
                'backbone.')
        return x, token

    def _grid(self, stage: int, num_tokens: int) -> tuple[int, int]:
        side = math.isqrt(max(num_tokens - 1, 1))
        height, width = self.token_grid or (side, side)
        if 1 + height * width != num_tokens:
            raise ValueError(
                f'Stage {stage}: found {num_tokens} tokens; expected the '
                'class token and ' +
                (f'{height} x {width} patches, as token_grid says'
                 if self.token_grid else 'a square number of patches. Set '
                 'token_grid=(height, width) for another grid') + '.')
        return height, width


class PreActResidualConvUnit(BaseModule):
    """Add to a map what two rounds of activation, 3 x 3 conv, norm make.

    Args:
        channels: Channels of the map.
        act_cfg: Activation.
        norm_cfg: Normalisation.
        init_cfg: Initialisation, see mmengine's BaseModule.
        conv_cfg: Type of the 3 x 3 convolutions, None for nn.Conv2d.

    Shape:
        - input and output: (B, channels, H, W)

    Reference:
        isl-org/DPT, dpt/blocks.py, ResidualConvUnit_custom.
    """

    def __init__(self,
                 channels: int,
                 act_cfg: Optional[dict],
                 norm_cfg: Optional[dict],
                 init_cfg: Optional[dict] = None,
                 conv_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        common = dict(
            kernel_size=3,
            padding=1,
            bias=False,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            order=('act', 'conv', 'norm'))
        # The first activation must leave the map alone, whatever act_cfg
        # says: it is added again at the end.
        first_act_cfg = act_cfg and {
            key: value for key, value in act_cfg.items() if key != 'inplace'
        }
        self.conv1 = ConvModule(
            channels, channels, act_cfg=first_act_cfg, inplace=False, **common)
        self.conv2 = ConvModule(channels, channels, act_cfg=act_cfg, **common)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.conv1(x))


class FeatureFusionBlock(BaseModule):
    """Fuse a stage's map into the coarser ones and double the grid.

    ::

        fused --------------------> + --> unit 2 --> 1 x 1 conv --> x 2
        skip --> (resize) --> unit 1 ^

    Args:
        channels: Channels of all maps.
        act_cfg: Activation of the residual units.
        norm_cfg: Normalisation of the residual units.
        with_skip: Whether there is a stage's map to add; the coarsest
            stage has nothing to be added to.
        init_cfg: Initialisation, see mmengine's BaseModule.
        conv_cfg: Type of the 3 x 3 convolutions, None for nn.Conv2d.

    Shape:
        - fused: (B, channels, H, W)
        - skip: (B, channels, H', W'), resized to (H, W) if it differs
        - output: (B, channels, 2 * H, 2 * W)

    Reference:
        isl-org/DPT, dpt/blocks.py, FeatureFusionBlock_custom.
    """

    def __init__(self,
                 channels: int,
                 act_cfg: Optional[dict],
                 norm_cfg: Optional[dict],
                 with_skip: bool = True,
                 init_cfg: Optional[dict] = None,
                 conv_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.project = ConvModule(channels, channels, 1, act_cfg=None)
        unit = (channels, act_cfg, norm_cfg)
        self.res_conv_unit1 = PreActResidualConvUnit(
            *unit, conv_cfg=conv_cfg) if with_skip else None
        self.res_conv_unit2 = PreActResidualConvUnit(
            *unit, conv_cfg=conv_cfg)

    def forward(self, fused: Tensor, skip: Optional[Tensor] = None) -> Tensor:
        if skip is not None:
            if skip.shape[2:] != fused.shape[2:]:
                skip = F.interpolate(
                    skip, fused.shape[2:], mode='bilinear',
                    align_corners=False)
            fused = fused + self.res_conv_unit1(skip)
        # The original enlarges first. A 1 x 1 convolution commutes with
        # bilinear interpolation (its weights sum to 1), on a quarter of
        # the pixels.
        fused = self.project(self.res_conv_unit2(fused))
        return F.interpolate(
            fused, scale_factor=2, mode='bilinear', align_corners=True)
