"""A segmentor as one function of an image, for exporters."""
import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor, nn

from ._traceable import make_traceable, padding_to


class _TraceableSameConv(nn.Conv2d):
    """timm's Conv2dSame, for maps whose sides its stride divides.

    The padding is the same for all of them then. timm's own works it out of
    the map's size by steps that no exporter gets through.
    """

    def forward(self, x: Tensor) -> Tensor:
        padding = []
        for kernel, dilation, stride in reversed(
                [*zip(self.kernel_size, self.dilation, self.stride)]):
            total = max((kernel - 1) * dilation + 1 - stride, 0)
            padding += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, padding), self.weight, self.bias,
                        self.stride, 0, self.dilation, self.groups)


def _fix_same_padding(model: nn.Module, divisor: int) -> None:
    """Fix timm's padding where images of whole multiples have but one."""
    layers = [module for module in model.modules()
              if type(module).__name__ == 'Conv2dSame']
    whole = []

    def note(layer: nn.Conv2d, args: tuple) -> None:
        # a map of n times the smallest image is n times as large
        if all(side % stride == 0
               for side, stride in zip(args[0].shape[2:], layer.stride)):
            whole.append(layer)

    handles = [layer.register_forward_pre_hook(note) for layer in layers]
    if layers:
        first = next(model.parameters())
        with torch.no_grad():
            model.extract_feat(first.new_zeros(1, 3, divisor, divisor))
    for handle in handles:
        handle.remove()
    if len(whole) < len(layers):
        raise ValueError(
            "timm's convolutions pad each map by its size, which cannot be "
            f'exported for images of multiples of {divisor}: pad to whole '
            'strides with --cfg-options '
            'model.data_preprocessor.test_cfg.size_divisor=32')
    for layer in whole:
        layer.__class__ = _TraceableSameConv


class LogitGraph(nn.Module):
    """From images as they are read to logits, with nothing around it.

    ::

        image --> RGB, normalize --> pad --> network --> crop --> logits

    What mmseg does in testing with an image of the network's scale:
    channels, mean and standard deviation, and padding as its
    ``data_preprocessor`` says; the logits enlarged, and the padding cut off.
    A head of one channel becomes two: its threshold and its probability.

    Args:
        model: Segmentor, in evaluation mode; kept, not copied, and some of
            its layers become ones that can be traced.

    Shape:
        - image: (B, H, W, 3) uint8, channels blue, green, red
        - output: (B, C, H, W)

    Raises:
        ValueError: If the model is no EncoderDecoder, it is a Mask2Former,
            it pads to a fixed size in testing, or has layers of timm that
            need images padded to whole strides.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if not isinstance(model, EncoderDecoder):
            raise ValueError(f'The model is a {type(model).__name__}; only '
                             'an EncoderDecoder can be exported')
        if any(type(module).__name__ == 'MSDeformAttnPixelDecoder'
               for module in model.modules()):
            raise ValueError(
                f"The model's {type(model.decode_head).__name__} has mmdet's "
                'MSDeformAttnPixelDecoder, whose steps depend on the values '
                'of tensors and cannot be traced: Mask2Former cannot be '
                'exported. Predict from its config and checkpoint')
        preprocessor = model.data_preprocessor
        padding = preprocessor.test_cfg or {}
        if padding.get('size') is not None:
            raise ValueError(
                'data_preprocessor.test_cfg pads to a fixed size, '
                f'{padding["size"]}: an exported model pads to a multiple '
                'only, give size_divisor in its place')
        self.divisor = padding.get('size_divisor') or 1
        self.pad_value = preprocessor.pad_val
        self.flip = preprocessor.channel_conversion
        shape = (1, 3, 1, 1)
        mean, std = torch.zeros(shape), torch.ones(shape)
        if getattr(preprocessor, 'mean', None) is not None:
            mean = preprocessor.mean.expand(3, 1, 1).reshape(shape).clone()
            std = preprocessor.std.expand(3, 1, 1).reshape(shape).clone()
        self.register_buffer('mean', mean)
        self.register_buffer('std', std)
        make_traceable(model)
        _fix_same_padding(model, self.divisor)
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[1:3]
        x = image.permute(0, 3, 1, 2)  # (B, H, W, 3) -> (B, 3, H, W)
        if self.flip:
            x = x.flip(1)
        x = (x.float() - self.mean) / self.std
        if self.divisor > 1:
            x = F.pad(x, (0, padding_to(width, self.divisor),
                          0, padding_to(height, self.divisor)),
                      value=self.pad_value)
        size = x.shape[2:]
        meta = dict(ori_shape=size, img_shape=size, pad_shape=size)
        out = self.model.encode_decode(x, [meta])[:, :, :height, :width]
        if out.shape[1] == 1:
            out = out.sigmoid()
            out = torch.cat([
                torch.full_like(out, self.model.decode_head.threshold), out
            ], dim=1)
        return out
