"""A transformer over the maps of a convolutional encoder."""
from collections.abc import Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmseg.models.backbones.vit import TransformerEncoderLayer
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class HybridTransformer(BaseModule):
    """Vision transformer whose tokens are a convolutional encoder's.

    DPT-Hybrid's encoder, with any backbone as its stem; with maps at strides
    4, 8 and 16 and ``out_layers=(1, 3)``::

        image --> stem --> 1/4 ------------------------------> map 0
                       --> 1/8 ------------------------------> map 1
                       --> 1/16 --> 1 x 1 conv + position
                                       |
                                   layers 0, 1 --------------> map 2 (1/16)
                                       |
                                   layers 2, 3 --------------> map 3 (1/16)

    A plain ViT has to learn from the data what convolutions begin with, and
    its published weights have to be downloaded. The stem brings what it has
    learned, so that few images train it; layers that are drawn at random
    add to its map at first little, for they are residual.

    Args:
        stem: Config of the backbone, which returns its maps finest first.
        stem_channels: Channels of each of its maps. The last one becomes
            the tokens, the others are handed on.
        embed_dims: Channels of the tokens.
        num_layers: Transformer layers.
        num_heads: Heads of the attention.
        out_layers: Layers whose tokens are returned, counted from 0.
        position_size: Height and width of the position embedding, which is
            resized to the map; that of the map in training is best.
        mlp_ratio: Channels within the feed-forward part, of ``embed_dims``.
        drop_path_rate: Stochastic depth of the last layer; it grows from 0.
        init_cfg: Initialisation of the whole; None: the stem's own, and
            ViT's of the transformer.

    Shape:
        - input: (B, C, H, W), as the stem takes it
        - output: the stem's maps but the last, then for each of
          ``out_layers`` a map (B, embed_dims, H', W') of the last one's size

    Raises:
        ValueError: If the arguments contradict each other, or the stem
            returns other maps.

    Reference:
        Ranftl et al., Vision Transformers for Dense Prediction, 2021,
        section 3.1 and figure 1 (DPT-Hybrid); isl-org/DPT at cd3fe90,
        dpt/vit.py, _make_vit_b_rn50_backbone.
    """

    def __init__(self,
                 stem: dict,
                 stem_channels: Sequence[int],
                 embed_dims: int = 192,
                 num_layers: int = 4,
                 num_heads: int = 3,
                 out_layers: Sequence[int] = (1, 3),
                 position_size: tuple[int, int] = (16, 16),
                 mlp_ratio: float = 4.0,
                 drop_path_rate: float = 0.0,
                 init_cfg: Optional[dict | list[dict]] = None) -> None:
        super().__init__(init_cfg)
        if embed_dims % num_heads:
            raise ValueError(f'embed_dims={embed_dims} is no multiple of '
                             f'num_heads={num_heads}')
        if not out_layers or list(out_layers) != sorted(
                {*out_layers} & {*range(num_layers)}):
            raise ValueError(f'out_layers={out_layers!r}: must be rising '
                             f'numbers of the {num_layers} layers, from 0')
        self.stem_channels = tuple(stem_channels)
        self.out_layers = tuple(out_layers)
        self.stem = MODELS.build(stem)
        self.embed = nn.Conv2d(stem_channels[-1], embed_dims, 1)
        self.position = nn.Parameter(
            torch.zeros(1, embed_dims, *position_size))
        rates = torch.linspace(0, drop_path_rate, num_layers).tolist()
        self.layers = ModuleList(
            # what the last layer that is returned needs
            TransformerEncoderLayer(
                embed_dims, num_heads, int(mlp_ratio * embed_dims),
                drop_path_rate=rate, norm_cfg=dict(type='LN', eps=1e-6))
            for rate in rates[:out_layers[-1] + 1])
        self.norms = nn.ModuleList(
            nn.LayerNorm(embed_dims, eps=1e-6) for _ in out_layers)

    def init_weights(self) -> None:
        """Draw the transformer's weights as ViT's, and start the stem."""
        super().init_weights()
        if self.init_cfg:
            return
        trunc_normal_(self.position, std=0.02)
        for module in self.layers.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        *maps, last = self.stem(x)
        found = tuple(entry.shape[1] for entry in (*maps, last))
        if found != self.stem_channels:
            raise ValueError(f'The stem returned maps of {found} channels, '
                             f'stem_channels are {self.stem_channels}')
        size = last.shape[2:]
        x = self.embed(last) + F.interpolate(
            self.position, size, mode='bilinear', align_corners=False)
        x = x.flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, H * W, C)
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in self.out_layers:
                norm = self.norms[self.out_layers.index(number)]
                # (B, H * W, C) -> (B, C, H, W)
                maps.append(norm(x).transpose(1, 2).unflatten(2, size))
        return maps
