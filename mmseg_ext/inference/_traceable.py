"""Twins of layers whose sizes an exporter would fix, or not get through."""
import torch
import torch.nn.functional as F
from mmseg.models.backbones.swin import ShiftWindowMSA
from mmseg.models.utils.embed import AdaptivePadding
from mmseg.models.utils.wrappers import Upsample
from torch import Tensor, nn


def make_traceable(model: nn.Module) -> None:
    """Let the layers of a model take sizes that are not known yet.

    They compute what they did, and keep their weights.
    """
    for module in model.modules():
        if isinstance(module, Upsample) and module.size is None:
            module.__class__ = _TraceableUpsample
        elif (isinstance(module, nn.AdaptiveAvgPool2d)
                and module.output_size not in (1, (1, 1))):
            module.__class__ = _TraceableAveragePool
        elif (isinstance(module, AdaptivePadding)
                and module.padding == 'corner'
                and module.kernel_size == module.stride
                and module.dilation == (1, 1)):
            module.__class__ = _TraceablePadding
        elif isinstance(module, ShiftWindowMSA):
            module.__class__ = _TraceableWindowAttention


def padding_to(length: int, multiple: int) -> int:
    """Return what ``length`` lacks to the next multiple.

    The sum of both is a product, which symbolic lengths can be divided by;
    of ``-length % multiple`` nothing is known.
    """
    return (length + multiple - 1) // multiple * multiple - length


class _TraceableUpsample(Upsample):
    """mmseg's own, which rounds sizes by int() and so fixes them."""

    def forward(self, x: Tensor) -> Tensor:
        factor = self.scale_factor
        if isinstance(factor, tuple) or not float(factor).is_integer():
            return super().forward(x)
        return F.interpolate(
            x, [length * int(factor) for length in x.shape[2:]],
            mode=self.mode, align_corners=self.align_corners)


class _TraceableAveragePool(nn.AdaptiveAvgPool2d):
    """PyTorch's own to a grid, whose cells an ONNX file fixes otherwise.

    A sum over a side of the image with weights that are the same for all
    channels: cell i of n averages from floor(i H / n) to ceil((i + 1) H / n).
    """

    def forward(self, x: Tensor) -> Tensor:
        rows, cols = (self.output_size, ) * 2 if isinstance(
            self.output_size, int) else self.output_size
        # (B, C, H, W) -> (B, C, rows, cols)
        return (_cells(rows, x.shape[2], x)
                @ x @ _cells(cols, x.shape[3], x).transpose(0, 1))


def _cells(count: int, length: int, like: Tensor) -> Tensor:
    """Return the fraction of each position in each cell, (count, length)."""
    cell = torch.arange(count, device=like.device)[:, None]
    start = torch.div(cell * length, count, rounding_mode='floor')
    end = -torch.div(-(cell + 1) * length, count, rounding_mode='floor')
    place = torch.arange(length, device=like.device)
    return ((start <= place) & (place < end)).to(like.dtype) / (end - start)


class _TraceablePadding(AdaptivePadding):
    """mmseg's to whole patches, which asks first whether it has to pad."""

    def forward(self, x: Tensor) -> Tensor:
        rows, cols = self.stride
        return F.pad(x, (0, padding_to(x.shape[3], cols),
                         0, padding_to(x.shape[2], rows)))


class _TraceableWindowAttention(ShiftWindowMSA):
    """mmseg's of Swin, which works the batch out of a quotient of floats.

    It also pads and cuts only where there is a rest, and numbers the regions
    of a shifted map by slices.
    """

    def forward(self, query: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        side, shift = self.window_size, self.shift_size
        batch, _, channels = query.shape
        height, width = hw_shape
        x = query.view(batch, height, width, channels)
        # (B, H, W, C) -> (B, H', W', C), whole windows
        x = F.pad(x, (0, 0, 0, padding_to(width, side),
                      0, padding_to(height, side)))
        down, across = x.shape[1] // side, x.shape[2] // side
        mask = None
        if shift:
            x = x.roll((-shift, -shift), (1, 2))
            mask = self._mask(x).repeat(batch, 1, 1)
        x = self.window_partition(x)
        x = self.w_msa(x.flatten(1, 2), mask)  # (B * windows, M * M, C)
        x = x.view(batch, down, across, side, side, channels)
        x = x.transpose(2, 3).reshape(
            batch, down * side, across * side, channels)
        if shift:
            x = x.roll((shift, shift), (1, 2))
        x = x[:, :height, :width].reshape(batch, height * width, channels)
        return self.drop(x)

    def _mask(self, x: Tensor) -> Tensor:
        """Return -100 between what the shift has brought together.

        (windows, M * M, M * M)
        """
        regions = []
        for length in x.shape[1:3]:
            place = torch.arange(length, device=x.device)
            regions.append((place >= length - self.window_size).to(x.dtype)
                           + (place >= length - self.shift_size))
        numbers = 3 * regions[0][:, None] + regions[1]
        windows = self.window_partition(numbers[None, :, :, None])
        windows = windows.flatten(1)
        return -100.0 * (windows[:, None] != windows[:, :, None]).to(x.dtype)
