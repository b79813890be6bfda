"""Polarized self-attention on deformable convolutions."""
import math
from typing import NamedTuple, Optional

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.ops import deform_conv2d, deform_conv_map, deform_conv_mean
from mmseg_ext.ops.deform_conv import BACKENDS

POOLS = ('avg', 'max')
PRODUCTS = ('matmul', 'channel')
KEYS = ('conv', 'identity')
DCN_VERSIONS = (1, 2)
KERNEL = 3
TAPS = KERNEL * KERNEL


class PolarizedAttention(NamedTuple):
    """The parts of :class:`DeformablePSA`, before the last product.

    Attributes:
        key: (B, C, H, W), what the map is multiplied with.
        map: (B, 1, H, W), or (B, C, H, W) with ``product='channel'``; in
            (0, 1), in (0, 2) where the identity is the start.
        query_offset: (B, 18, H, W), shift of the nine taps that read the
            query, in pixels of this map: (dy, dx) interleaved, the taps row
            by row.
        value_offset: The same for the value.
    """
    key: Tensor
    map: Tensor
    query_offset: Tensor
    value_offset: Tensor


@MODELS.register_module()
class DeformablePSA(BaseModule):
    """Weigh a feature map by attention that follows the shape of objects.

    The spatial branch of polarized self-attention, with a deformable
    convolution on query and value::

        x (C) -> 1x1 conv (C + 2c) -+-> key (C) -----------------------+
                                    +-> query (c) -> DC -> pool        |
                                    |        softmax over c -> a --+   |
                                    +-> value (c) -> DC -> v ------+   |
                                                 m = sigmoid(a . v) -- x -> out

    A plugin layer for stock backbones (``plugins=[dict(cfg=dict(type=
    'DeformablePSA'), position='after_conv2')]`` in a ResNet of 50 layers or
    more) and for any other by ``PluginBackbone``. Not PSANet, which mmseg
    calls PSAHead.

    mmengine's ``dcn_offset_lr_mult`` knows mmcv's layers only. The layers
    that predict offsets all have ``conv_offset`` in their names instead:
    ``paramwise_cfg=dict(custom_keys={'conv_offset': dict(lr_mult=0.1)})``.

    Args:
        in_channels: Channels C of the map.
        ratio: C // ratio = c is the width of query and value; 1 to C.
        identity_init: Return the input unchanged before training, so that a
            pretrained backbone starts as it was: the key starts as a copy
            of the input, the map as 1, being 2 * sigmoid(0). The factor 2
            stays. False: the formula above to the letter and PyTorch's
            usual random start, which halves the features at every layer.
        pool: How each query channel becomes a number: 'avg' or 'max' over
            all positions.
        product: 'matmul': a . v sums over the channels, one map for all of
            them, as in polarized self-attention. 'channel': every value
            channel times its weight is the map of one key channel; needs
            ratio=1.
        key: 'conv': a slice of the 1x1 convolution; 'identity': the input.
        residual: Add the input to the result. The identity then starts from
            a key of zero, and the map needs no factor.
        dcn_version: 1: offsets; 2: also a factor in (0, 1) for each tap,
            1/2 before training.
        share_offsets: One set of offsets for both, predicted from query and
            value together; False: each predicts its own.
        backend: 'auto': no deformable convolution where only its mean or
            its weighted sum is wanted (``pool='avg'``, ``product=
            'matmul'``), but the same numbers at the cost of one channel.
            Else, and with another name everywhere: that backend of
            :func:`mmseg_ext.ops.deform_conv.deform_conv2d`.
        init_cfg: Initialisation, see mmengine's BaseModule.

    Shape:
        - x: (B, C, H, W), any H and W
        - output: (B, C, H, W)

    Raises:
        ValueError: If an argument is not among what is allowed, two do not
            go together, or the input is not a map of C channels.

    Reference:
        Liu et al., Polarized Self-Attention, 2021, equation 4, with the
        softmax over the pooled query's channels (the authors' code takes it
        over positions after the product, which makes the map constant);
        Dai et al., Deformable Convolutional Networks, 2017.
    """

    _abbr_ = 'dpsa'

    def __init__(self,
                 in_channels: int,
                 ratio: int = 2,
                 identity_init: bool = True,
                 pool: str = 'avg',
                 product: str = 'matmul',
                 key: str = 'conv',
                 residual: bool = False,
                 dcn_version: int = 1,
                 share_offsets: bool = False,
                 backend: str = 'auto',
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        check_choice('pool', pool, POOLS)
        check_choice('product', product, PRODUCTS)
        check_choice('key', key, KEYS)
        check_choice('dcn_version', dcn_version, DCN_VERSIONS)
        check_choice('backend', backend, BACKENDS)
        if not isinstance(in_channels, int) or in_channels < 1:
            raise ValueError(
                f'in_channels={in_channels!r}: must be a positive integer')
        if not isinstance(ratio, int) or not 1 <= ratio <= in_channels:
            raise ValueError(f'ratio={ratio!r}: must be an integer from 1 to '
                             f'in_channels={in_channels}')
        if product == 'channel' and ratio != 1:
            raise ValueError("product='channel' needs a value channel for "
                             f'each key channel: set ratio=1, not {ratio}')
        if identity_init and residual and key == 'identity':
            raise ValueError("residual=True with key='identity' returns "
                             'x * (1 + map), never x: set key=\'conv\' or '
                             'identity_init=False')
        self.in_channels = in_channels
        self.channels = in_channels // ratio
        self.identity_init = identity_init
        self.pool = pool
        self.product = product
        self.key = key
        self.residual = residual
        self.dcn_version = dcn_version
        self.share_offsets = share_offsets
        self.backend = backend
        self.gain = 2 if identity_init and not residual else 1

        width = self.channels
        key_channels = in_channels if key == 'conv' else 0
        self.splits = [key_channels, width, width]
        self.project = nn.Conv2d(in_channels, sum(self.splits), 1)
        self.query_weight = nn.Parameter(
            torch.empty(width, width, KERNEL, KERNEL))
        self.value_weight = nn.Parameter(
            torch.empty(width, width, KERNEL, KERNEL))
        fields = (2 if dcn_version == 1 else 3) * TAPS
        if share_offsets:
            self.conv_offset = nn.Conv2d(2 * width, fields, KERNEL, padding=1)
        else:
            self.query_conv_offset = nn.Conv2d(
                width, fields, KERNEL, padding=1)
            self.value_conv_offset = nn.Conv2d(
                width, fields, KERNEL, padding=1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the start that ``identity_init`` describes."""
        self.project.reset_parameters()
        for weight in (self.query_weight, self.value_weight):
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5))  # as nn.Conv2d
        for name, child in self.named_children():
            if name.endswith('conv_offset'):
                nn.init.zeros_(child.weight)
                nn.init.zeros_(child.bias)
        if not self.identity_init:
            return
        if self.key == 'conv':
            with torch.no_grad():
                key = self.project.weight[:self.in_channels]
                key.zero_()
                if not self.residual:
                    key.flatten(1).fill_diagonal_(1)
                self.project.bias[:self.in_channels] = 0
        if not self.residual:
            self._zero_the_logit()

    @torch.no_grad()
    def _zero_the_logit(self) -> None:
        """Let a . v be 0, so that the map is 2 * sigmoid(0) = 1.

        Channels in pairs, the queries alike and the values opposite: the
        sum vanishes, v does not. Values of zero would do it too, but each
        channel would then be given the same gradient times its weight, they
        would stay multiples of each other (rank 1 after 250 steps of SGD),
        and the weights a would have nothing to choose from.

        The first gradient reaches key, query_weight and value_weight.
        In all that comes before those two the pairs' gradients cancel: the
        query and value of ``project``, and the offsets. They follow after
        the first step, which tells the pairs apart.
        """
        if self.product == 'channel':
            # no sum; and each map has a gradient of its own
            self.value_weight.zero_()
            return
        pairs = 2 * (self.channels // 2)
        self.query_weight[1:pairs:2] = self.query_weight[0:pairs:2]
        self.value_weight[1:pairs:2] = -self.value_weight[0:pairs:2]
        self.value_weight[pairs:] = 0  # of an odd number, the last

    def init_weights(self) -> None:
        """Undo what a backbone's ``init_cfg`` did to its convolutions."""
        self.reset_parameters()
        super().init_weights()

    def attention(self, x: Tensor) -> PolarizedAttention:
        """Return key, map and offsets of an input, to look at them."""
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ValueError(f'DeformablePSA was given {tuple(x.shape)}: '
                             f'must be (B, {self.in_channels}, H, W)')
        key, query, value = self.project(x).split(self.splits, dim=1)
        if self.key == 'identity':
            key = x
        if self.share_offsets:
            query_field = self.conv_offset(torch.cat([query, value], dim=1))
            value_field = query_field
        else:
            query_field = self.query_conv_offset(query)
            value_field = self.value_conv_offset(value)
        query_offset, query_mask = self._taps(query_field)
        value_offset, value_mask = self._taps(value_field)
        weight = self._pool_query(query, query_offset, query_mask)
        weight = weight.softmax(dim=1)  # (B, c)
        logit = self._weigh_value(value, value_offset, value_mask, weight)
        return PolarizedAttention(key, self.gain * logit.sigmoid(),
                                  query_offset, value_offset)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.attention(x)
        out = parts.key * parts.map
        return x + out if self.residual else out

    def _taps(self, field: Tensor) -> tuple[Tensor, Optional[Tensor]]:
        """Split a predicted field into the taps' offsets and factors."""
        if self.dcn_version == 1:
            return field, None
        offset, mask = field.split([2 * TAPS, TAPS], dim=1)
        return offset, mask.sigmoid()

    def _pool_query(self, query: Tensor, offset: Tensor,
                    mask: Optional[Tensor]) -> Tensor:
        """Return a number for each query channel, (B, c)."""
        if self.pool == 'avg' and self.backend == 'auto':
            return deform_conv_mean(query, offset, self.query_weight, mask)
        query = self._deform(query, offset, self.query_weight, mask)
        if self.pool == 'avg':
            return query.mean(dim=(2, 3))
        return query.amax(dim=(2, 3))

    def _weigh_value(self, value: Tensor, offset: Tensor,
                     mask: Optional[Tensor], weight: Tensor) -> Tensor:
        """Return a . v: (B, 1, H, W), or (B, C, H, W) channel by channel."""
        if self.product == 'matmul' and self.backend == 'auto':
            # sum_o a_o (W_o * value) = (sum_o a_o W_o) * value
            kernel = torch.einsum('bo,oiyx->biyx', weight, self.value_weight)
            return deform_conv_map(value, offset, kernel, mask)
        value = self._deform(value, offset, self.value_weight, mask)
        if self.product == 'matmul':
            # (B, H, W) -> (B, 1, H, W)
            return torch.einsum('bc,bchw->bhw', weight, value).unsqueeze(1)
        return weight[:, :, None, None] * value

    def _deform(self, x: Tensor, offset: Tensor, weight: Tensor,
                mask: Optional[Tensor]) -> Tensor:
        return deform_conv2d(
            x,
            offset,
            weight,
            mask=mask,
            padding=KERNEL // 2,
            backend=self.backend)
