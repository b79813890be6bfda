"""Depthwise-separable convolution with the signature of nn.Conv2d."""
import math

from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.utils import _pair

from mmseg_ext.basics.arguments import check_at_least


class PairConv2d(nn.Conv2d):
    """Half of a pair, which has no initialisation of its own."""

    def reset_parameters(self) -> None:
        """Leave it to the pair."""


# mmengine's init_cfg finds layers by their class's name and those of its
# direct bases. Kaiming of 'Conv2d' would scale a depthwise kernel as if its
# outputs saw all of the channels, so neither half may have such a base.
class DepthwiseConv2d(PairConv2d):
    """The k x k half: each channel by itself."""


class PointwiseConv2d(PairConv2d):
    """The 1 x 1 half: each pixel by itself."""


class SeparableConv2d(nn.Module):
    """A k x k convolution of each channel, then a 1 x 1 over the channels.

    ::

        x --> depthwise k x k --> (batch norm --> ReLU) --> pointwise 1 x 1

    Of k^2 M N weights it leaves k^2 M + M N, the fraction 1 / N + 1 / k^2;
    so of the multiplications, where the stride is 1. In configs it is the
    type 'SeparableConv2d' of ``conv_cfg``, which is
    :func:`separable_conv2d`.

    Args:
        in_channels: M, channels of the input.
        out_channels: N, channels of the result.
        kernel_size: k, as of nn.Conv2d, and so are the next.
        stride: Of the depthwise half.
        padding: Of the depthwise half.
        dilation: Of the depthwise half.
        bias: Whether the pointwise half has one.
        padding_mode: Of the depthwise half.
        mid_norm: Batch normalisation and ReLU between the two, as in
            MobileNet; without, as in Xception, the pair is a convolution
            whose kernels are products.
        device: Of the weights.
        dtype: Of the weights.

    Shape:
        - x: (B, in_channels, H, W)
        - output: (B, out_channels, H', W'), of nn.Conv2d's H' and W'

    Reference:
        Chollet, Xception, 2017, section 3; Howard et al., MobileNets, 2017,
        section 3.1.
    """

    # what callers of nn.Conv2d read beside what __init__ sets
    transposed = False
    output_padding = (0, 0)
    groups = 1

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 kernel_size: int | tuple[int, int],
                 stride: int | tuple[int, int] = 1,
                 padding: int | tuple[int, int] | str = 0,
                 dilation: int | tuple[int, int] = 1,
                 bias: bool = True,
                 padding_mode: str = 'zeros',
                 mid_norm: bool = False,
                 device=None,
                 dtype=None) -> None:
        super().__init__()
        place = dict(device=device, dtype=dtype)
        self.depthwise = DepthwiseConv2d(
            in_channels, in_channels, kernel_size, stride, padding, dilation,
            groups=in_channels, bias=False, padding_mode=padding_mode,
            **place)
        self.between = (
            nn.Sequential(
                nn.BatchNorm2d(in_channels, **place), nn.ReLU(inplace=True))
            if mid_norm else nn.Identity())
        self.pointwise = PointwiseConv2d(
            in_channels, out_channels, 1, bias=bias, **place)
        self.in_channels = in_channels
        self.out_channels = out_channels
        for name in ('kernel_size', 'stride', 'padding', 'dilation',
                     'padding_mode'):
            setattr(self, name, getattr(self.depthwise, name))
        self.init_weights()

    def init_weights(self) -> None:
        """Draw both halves from He's distribution of the pair, by fan-out.

        Their product has the variance 2 / (k^2 N) of a dense kernel. mmcv's
        ConvModule and mmengine's BaseModule leave it to this method.
        """
        area = math.prod(self.kernel_size)
        gain = 2 if isinstance(self.between, nn.Sequential) else 1
        nn.init.normal_(self.depthwise.weight, std=math.sqrt(gain / area))
        nn.init.normal_(
            self.pointwise.weight, std=math.sqrt(2 / self.out_channels))
        if self.pointwise.bias is not None:
            nn.init.zeros_(self.pointwise.bias)

    def forward(self, x: Tensor) -> Tensor:
        # (B, M, H, W) -> (B, M, H', W') -> (B, N, H', W')
        return self.pointwise(self.between(self.depthwise(x)))


@MODELS.register_module(name='SeparableConv2d')
def separable_conv2d(in_channels: int,
                     out_channels: int,
                     kernel_size: int | tuple[int, int],
                     stride: int | tuple[int, int] = 1,
                     padding: int | tuple[int, int] | str = 0,
                     dilation: int | tuple[int, int] = 1,
                     groups: int = 1,
                     bias: bool = True,
                     padding_mode: str = 'zeros',
                     device=None,
                     dtype=None,
                     min_channels: int = 8,
                     mid_norm: bool = False) -> nn.Module:
    """Make a convolution separable where that makes it cheaper.

    The type 'SeparableConv2d' of ``conv_cfg``. Convolutions of kernel 1,
    of more than one group, and of few channels stay nn.Conv2d, and take
    the pretrained weights of one.

    Args:
        in_channels: As of nn.Conv2d, and so are the next.
        out_channels: See nn.Conv2d.
        kernel_size: See nn.Conv2d.
        stride: See nn.Conv2d.
        padding: See nn.Conv2d.
        dilation: See nn.Conv2d.
        groups: See nn.Conv2d.
        bias: See nn.Conv2d.
        padding_mode: See nn.Conv2d.
        device: See nn.Conv2d.
        dtype: See nn.Conv2d.
        min_channels: Fewer channels of the input stay as they are: those of
            an image have nothing to separate.
        mid_norm: See :class:`SeparableConv2d`.

    Raises:
        ValueError: If ``min_channels`` is below 1.
    """
    check_at_least(1, min_channels=min_channels)
    common = dict(
        stride=stride, padding=padding, dilation=dilation, bias=bias,
        padding_mode=padding_mode, device=device, dtype=dtype)
    if (_pair(kernel_size) == (1, 1) or groups > 1
            or in_channels < min_channels):
        return nn.Conv2d(
            in_channels, out_channels, kernel_size, groups=groups, **common)
    return SeparableConv2d(
        in_channels, out_channels, kernel_size, mid_norm=mid_norm, **common)
