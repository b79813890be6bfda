"""A decode head that matches images with labelled ones."""
from collections.abc import Mapping, Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.ops import (
    attention_score,
    foreground_cells,
    nearest_similarity,
    prototype_logits,
)
from mmseg_ext.ops.autocast import no_autocast

from ._pixel_loss import PixelLossMixin

MATCHERS = ('dense', 'prototype', 'attention')
NOTHING = 1e-6  # rounding of area sums where nothing is


@MODELS.register_module()
class MatchHead(PixelLossMixin, BaseDecodeHead):
    """Finds in queries what labelled images of the same episode show.

    ::

        queries --+--> 1x1 ---------------------------+
                  |                                   |
                  +--> how similar to the class ------+--> 3x3 --> 3x3 --> 1x1
                  |        ^                          |
        supports -+--------+                          |
                  +--> how far from what is normal ---+

    Cells, the vectors of the frozen map, are compared as they are: what is
    learned is how to read the two prior maps, beside the query's own
    features. 'dense' is the difference of the nearest cell of the class and
    the nearest other one; 'prototype' the probability of the class's mean
    against the background's; 'attention' the mean mask of the supports'
    cells, weighted by softmax(q . k / tau). Cells that a mask covers in part
    are in neither, see :func:`mmseg_ext.ops.foreground_cells`.

    Args:
        in_channels: Of the map.
        channels: Of the layers.
        matcher: 'dense', 'prototype' or 'attention'.
        tau: Temperature; cosines come in its unit.
        normalize: Take cosines for q . k. ``tau=1, normalize=False`` is
            attention in its raw form.
        num_classes: Must be 2, the background and what is shown.
        loss_decode: See mmseg's BaseDecodeHead.
        norm_cfg: Of the layers. Batches of few episodes do not suffice for
            batch normalisation.
        **kwargs: See mmseg's BaseDecodeHead.

    Shape:
        - query: (E, Q, C, h, w), E episodes
        - support: (E, S, C, h, w)
        - covered: (E, S, 2, h, w), which fraction of a cell the class and
          the background cover; the rest has no label
        - output: (E * Q, 2, h, w)

    Raises:
        ValueError: If an argument is not among what is allowed.

    Reference:
        Snell et al., Prototypical Networks, 2017; Tian et al., Prior Guided
        Feature Enrichment Network, 2020 (prior maps); SOFS, arXiv
        2407.21351 (distance to what is normal).
    """

    def __init__(self,
                 in_channels: int,
                 channels: int = 64,
                 matcher: str = 'dense',
                 tau: float = 0.05,
                 normalize: bool = True,
                 num_classes: int = 2,
                 loss_decode: Mapping | Sequence[Mapping] = dict(
                     type='EpisodeLoss'),
                 norm_cfg: Optional[Mapping] = dict(type='GN', num_groups=8),
                 **kwargs) -> None:
        check_choice('matcher', matcher, MATCHERS)
        if num_classes != 2:
            raise ValueError(f'num_classes={num_classes}: must be 2, the '
                             'background and what the supports show')
        if not tau > 0:
            raise ValueError(f'tau={tau}: must be above 0')
        if not normalize and matcher != 'attention':
            raise ValueError(f'normalize=False: matcher={matcher!r} compares '
                             'by cosines')
        super().__init__(in_channels, channels, num_classes=num_classes,
                         loss_decode=loss_decode, norm_cfg=norm_cfg, **kwargs)
        self.matcher = matcher
        self.tau = tau
        self.normalize = normalize
        layer = dict(conv_cfg=self.conv_cfg, norm_cfg=norm_cfg,
                     act_cfg=self.act_cfg)
        self.project = ConvModule(self.in_channels, channels, 1, **layer)
        self.convs = nn.Sequential(
            ConvModule(channels + 2, channels, 3, padding=1, **layer),
            ConvModule(channels, channels, 3, padding=1, **layer))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return logits.

        Args:
            inputs: Queries, supports, and what covers these, see the class.
        """
        query, support, covered = inputs
        with no_autocast(query.device.type):
            # a cosine in half precision is as coarse as what it is to tell
            priors = torch.stack([
                self._match_episode(*parts) for parts in zip(
                    query.float(), support.float(), covered.float())])
        # (E, Q, ...) -> (E * Q, ...)
        return self._read(query.flatten(0, 1), priors.flatten(0, 1))

    def _match_episode(self, query: Tensor, support: Tensor,
                       covered: Tensor) -> Tensor:
        """Return the prior maps, (Q, 2, h, w)."""
        of_class = covered[:, 0]
        chosen = foreground_cells(of_class).flatten()
        background = (covered[:, 1] > 1 - NOTHING).flatten()
        return self._prior_maps(
            query, _cells(support), of_class.flatten(), chosen, background)

    def _prior_maps(self, query: Tensor, keys: Tensor, covered: Tensor,
                    chosen: Tensor, background: Tensor) -> Tensor:
        cells = _cells(query)
        normal = nearest_similarity(cells, keys, background)
        if self.matcher == 'dense':
            score = (nearest_similarity(cells, keys, chosen)
                     - normal) / self.tau
        elif self.matcher == 'prototype':
            weights = torch.stack([covered * chosen,
                                   background.to(covered.dtype)])
            # the mean's length does not matter to a cosine
            score = prototype_logits(
                cells, weights @ F.normalize(keys, dim=1),
                self.tau).softmax(1)[:, 0]
        else:
            values = (covered * chosen)[:, None]
            score = attention_score(
                cells, keys, values, self.tau, self.normalize,
                chosen | background)[:, 0]
        maps = torch.stack([score, (1 - normal) / self.tau], 1)
        count, _, height, width = query.shape
        # (Q * h * w, 2) -> (Q, 2, h, w)
        return maps.view(count, height, width, 2).permute(0, 3, 1, 2)

    def _read(self, query: Tensor, priors: Tensor) -> Tensor:
        own = self.project(F.normalize(query, dim=1))
        return self.cls_seg(self.convs(
            torch.cat([own, priors.to(own.dtype)], 1)))

    @torch.no_grad()
    def score_map(self, query: Tensor, foreground: Tensor, covered: Tensor,
                  background: Tensor) -> Tensor:
        """Return log odds of the class by cells that are given.

        Args:
            query: Map of an image.
            foreground: Cells of the class.
            covered: Which fraction of each the class covers.
            background: Cells.

        Shape:
            - query: (C, h, w)
            - foreground, background: (M, C), each of its own M
            - covered: (M,)
            - output: (h, w)
        """
        keys = torch.cat([foreground, background])
        is_class = torch.arange(len(keys), device=keys.device) < len(
            foreground)
        covered = torch.cat([covered, covered.new_zeros(len(background))])
        logits = self._read(query[None], self._prior_maps(
            query[None], keys, covered, is_class, ~is_class))
        return logits[0, 1] - logits[0, 0]


def _cells(maps: Tensor) -> Tensor:
    """Return the vectors of maps, (N, C, h, w) -> (N * h * w, C)."""
    return maps.permute(0, 2, 3, 1).flatten(0, 2)
