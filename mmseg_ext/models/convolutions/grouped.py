"""Grouped convolution with the signature of nn.Conv2d."""
import math

from mmengine.registry import MODELS
from torch import nn
from torch.nn.modules.utils import _pair

from mmseg_ext.basics.arguments import check_at_least


class GroupedConv2d(nn.Conv2d):
    """A convolution that ``conv_cfg`` made grouped.

    Each of g groups of output channels sees its own group of input
    channels: of weights and multiplications 1 / g is left. Initialised as
    nn.Conv2d. In configs it is the type 'GroupedConv2d' of ``conv_cfg``,
    which is :func:`grouped_conv2d`.

    Reference:
        Xie et al., Aggregated Residual Transformations for Deep Neural
        Networks (ResNeXt), 2017, figure 3c.
    """


@MODELS.register_module(name='GroupedConv2d')
def grouped_conv2d(in_channels: int,
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
                   num_groups: int = 4) -> nn.Conv2d:
    """Make a convolution grouped where it can be.

    The type 'GroupedConv2d' of ``conv_cfg``. Convolutions of kernel 1,
    which are what mixes the groups, of more than one group already, and of
    few channels stay nn.Conv2d.

    Args:
        in_channels: As of nn.Conv2d, and so are the next.
        out_channels: See nn.Conv2d.
        kernel_size: See nn.Conv2d.
        stride: See nn.Conv2d.
        padding: See nn.Conv2d.
        dilation: See nn.Conv2d.
        groups: See nn.Conv2d; what builds networks hands this on.
        bias: See nn.Conv2d.
        padding_mode: See nn.Conv2d.
        device: See nn.Conv2d.
        dtype: See nn.Conv2d.
        min_channels: Fewer channels of the input stay as they are.
        num_groups: Groups of those that become grouped; where they do not
            divide both channel counts, the greatest number that divides
            all three.

    Raises:
        ValueError: If ``num_groups`` or ``min_channels`` is below 1.
    """
    check_at_least(1, num_groups=num_groups, min_channels=min_channels)
    kind = nn.Conv2d
    if (_pair(kernel_size) != (1, 1) and groups == 1
            and in_channels >= min_channels):
        groups = math.gcd(num_groups, in_channels, out_channels)
        kind = GroupedConv2d if groups > 1 else nn.Conv2d
    return kind(
        in_channels, out_channels, kernel_size, stride, padding, dilation,
        groups, bias, padding_mode, device, dtype)
