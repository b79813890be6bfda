"""The reduced forms equal the deformable convolution that they stand for."""
import pytest
import torch
from torch import Tensor

from mmseg_ext.ops import deform_conv2d, deform_conv_map, deform_conv_mean

BATCH, CHANNELS, OUT = 2, 5, 4


def arguments(kernel: int = 3, size=(6, 7), modulated: bool = False) -> dict:
    """Offsets that also reach far outside, in float64."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape) -> Tensor:
        x = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return x.requires_grad_()

    taps = kernel * kernel
    found = dict(
        input=normal(BATCH, CHANNELS, *size),
        offset=(3 * normal(BATCH, 2 * taps, *size)).detach()
        .requires_grad_())
    if modulated:
        found['mask'] = normal(BATCH, taps, *size)
    return found


def mean_twin(input, offset, weight, mask=None) -> Tensor:
    return deform_conv2d(
        input, offset, weight, mask=mask,
        padding=weight.shape[-1] // 2).mean(dim=(2, 3))


def map_twin(input, offset, weight, mask=None) -> Tensor:
    return torch.cat([
        deform_conv2d(
            input[i:i + 1], offset[i:i + 1], weight[i:i + 1],
            mask=None if mask is None else mask[i:i + 1],
            padding=weight.shape[-1] // 2) for i in range(len(input))
    ])


FORMS = [(deform_conv_mean, mean_twin, OUT), (deform_conv_map, map_twin,
                                             BATCH)]


@pytest.mark.parametrize(('form', 'twin', 'rows'), FORMS)
@pytest.mark.parametrize('modulated', [False, True])
@pytest.mark.parametrize(('kernel', 'size'), [(3, (6, 7)), (1, (4, 3)),
                                              (5, (2, 1))])
def test_values_and_gradients(form, twin, rows, modulated, kernel, size):
    args = arguments(kernel, size, modulated)
    args['weight'] = torch.randn(
        rows, CHANNELS, kernel, kernel, dtype=torch.float64,
        requires_grad=True)
    out, expected = form(**args), twin(**args)
    torch.testing.assert_close(out, expected)
    gradient = torch.randn_like(out)
    leaves = list(args.values())
    torch.testing.assert_close(
        torch.autograd.grad(out, leaves, gradient),
        torch.autograd.grad(expected, leaves, gradient))


@pytest.mark.parametrize(('form', 'twin', 'rows'), FORMS)
def test_half_precision_keeps_places(form, twin, rows):
    """Beyond 256 pixels bfloat16 cannot count them."""
    args = arguments(size=(2, 300))
    args['weight'] = torch.randn(rows, CHANNELS, 3, 3, dtype=torch.float64)
    args = {name: x.detach().bfloat16() for name, x in args.items()}
    out = form(**args)
    assert out.dtype == torch.bfloat16
    exact = twin(**{name: x.double() for name, x in args.items()})
    torch.testing.assert_close(out.double(), exact, atol=0.02, rtol=0.01)


@pytest.mark.parametrize(('form', 'twin', 'rows'), FORMS)
def test_exports(form, twin, rows):
    args = arguments()
    args['weight'] = torch.randn(rows, CHANNELS, 3, 3, dtype=torch.float64)
    args = {name: x.detach() for name, x in args.items()}

    class Module(torch.nn.Module):

        def forward(self, input, offset, weight):
            return form(input, offset, weight)

    inputs = (args['input'], args['offset'], args['weight'])
    exported = torch.export.export(Module(), inputs).module()
    torch.testing.assert_close(exported(*inputs), form(*inputs))
