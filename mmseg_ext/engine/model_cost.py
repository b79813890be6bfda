"""Operations, parameters and traffic of maps of a model, counted."""
import math
import re

import torch
from mmengine.analysis import FlopAnalyzer
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

CONVOLUTIONS = (torch.ops.aten.convolution.default,
                torch.ops.aten.convolution_overrideable.default)
HEAVY = re.compile('attention|mm|matmul|conv|linear|lstm|gru|rnn|einsum')


class PixelLogits(nn.Module):
    """A segmentor from an image to the logits of its pixels.

    Args:
        segmentor: A model of mmseg, of the EncoderDecoder kind.

    Shape:
        - image: (1, 3, H, W), normalised
        - output: (1, number of classes, H, W)
    """

    def __init__(self, segmentor: nn.Module) -> None:
        super().__init__()
        self.segmentor = segmentor

    def forward(self, image: Tensor) -> Tensor:
        size = image.shape[2:]
        meta = dict(img_shape=size, ori_shape=size, pad_shape=size)
        return self.segmentor.encode_decode(image, [meta])


def _shape(value) -> list[int]:
    return value.type().sizes()


def _count_attention(inputs: list, outputs: list) -> int:
    """Count QK^T and the weights times V; inputs are traced values."""
    *batch, queries, channels = _shape(inputs[0])
    *_, keys, value_channels = _shape(inputs[2])
    return math.prod(batch) * queries * keys * (channels + value_channels)


def _count_baddbmm(inputs: list, outputs: list) -> int:
    """Count a batch of matrix products; inputs are traced values."""
    batch, rows, inner = _shape(inputs[1])
    return batch * rows * inner * _shape(inputs[2])[-1]


def count_flops(network: nn.Module,
                image: Tensor) -> tuple[float, dict[str, int]]:
    """Count the operations of a forward pass.

    mmengine's count (and fvcore's, which the field's tables hold): a
    multiplication with its addition is one, normalisation is 4 or 5 and
    bilinear resizing 4 for each number, and element-wise operations, softmax
    and pooling are none. Added to it is fused attention, which it leaves out.

    Args:
        network: Model in evaluation mode.
        image: Its input.

    Returns:
        The count, and of the operators left out that may hide many
        operations, because of their name or because they are not
        PyTorch's: name -> calls.
    """
    analyzer = FlopAnalyzer(network, image)
    analyzer.set_op_handle(**{
        'aten::scaled_dot_product_attention': _count_attention,
        'aten::baddbmm': _count_baddbmm,
    })
    analyzer.unsupported_ops_warnings(False)
    analyzer.uncalled_modules_warnings(False)
    analyzer.tracer_warnings('none')
    fast = torch.backends.mha.get_fastpath_enabled()
    # nn.MultiheadAttention's is one operator, projections and all
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad():
            total = float(analyzer.total())
            left_out = analyzer.unsupported_ops()
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return total, {
        name: calls for name, calls in left_out.items()
        if not name.startswith('aten::') or HEAVY.search(name)
    }


def deployed_parameters(segmentor: nn.Module) -> int:
    """Count the parameters that a prediction needs.

    Auxiliary heads exist in training alone, as does what aligns a student
    with its teacher; of BiSeNetV2 they hold three quarters of all parameters.

    Args:
        segmentor: A model of mmseg.
    """
    return sum(parameter.numel()
               for name, parameter in segmentor.named_parameters()
               if not name.startswith(('auxiliary_head.', 'align.')))


class _ConvolutionMaps(TorchDispatchMode):
    """Sum up the numbers that convolutions read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func in CONVOLUTIONS:
            self.total += args[0].numel() + out.numel()
        return out


def count_cio(network: nn.Module, image: Tensor) -> int:
    """Count convolutional input/output, the traffic of maps.

    The sum of c_in h_in w_in + c_out h_out w_out over all convolutions,
    whether of layers or called as functions. A map that several of them read
    counts for each; weights do not count, nor what is computed as a matrix
    product, such as linear layers and attention.

    Args:
        network: Model in evaluation mode.
        image: Its input, of batch 1.

    Reference:
        Chao et al., HarDNet: A Low Memory Traffic Network, 2019, section 1.
    """
    with torch.no_grad(), _ConvolutionMaps() as maps:
        network(image)
    return maps.total
