"""What holds for every backbone, neck, plugin, head and segmentor."""
from collections.abc import Iterator, Sequence
from copy import deepcopy

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import Tensor, nn

SIZE = (64, 96)
ODD = (49, 70)


def pyramid(channels: Sequence[int], batch: int,
            size: tuple[int, int]) -> list[Tensor]:
    """Return maps of a picture of this size, of strides 4, 8, 16, ..."""
    return [
        torch.randn(batch, c, *grid)
        for c, grid in zip(channels, grids(len(channels), size))
    ]


def grids(count: int, size: tuple[int, int],
          stride: int = 4) -> list[tuple[int, int]]:
    """Return the sizes of so many maps of a picture, rounded up."""
    return [
        tuple(-(-side // (stride * 2**i)) for side in size)
        for i in range(count)
    ]


def randomised(net: nn.Module) -> nn.Module:
    """Give every weight and running statistic a value that matters."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for name, buffer in net.named_buffers():
            if name.endswith('running_mean'):
                buffer.add_(0.1 * torch.randn_like(buffer))
            if name.endswith('running_var'):
                buffer.mul_(0.5 + torch.rand_like(buffer))
    return net


def tensors(nested) -> Iterator[Tensor]:
    """Yield the tensors of nested lists and tuples, in their order."""
    if isinstance(nested, Tensor):
        yield nested
    else:
        for part in nested:
            yield from tensors(part)


def converted(nested, change):
    """Return nested lists of tensors, each of them changed."""
    if isinstance(nested, Tensor):
        return change(nested)
    return [converted(part, change) for part in nested]


def backward(outs) -> None:
    """Take gradients that differ from one number of the maps to the next."""
    sum((out * torch.linspace(-1, 1, out.numel()).to(out).view(
        out.shape)).sum() for out in tensors(outs)).backward()


def train_step(net: nn.Module, inputs) -> tuple[list, dict]:
    """Return the outputs, and the gradients of inputs and parameters.

    Each must have one that is finite and not all 0.
    """
    net.train()  # returns None in mmseg's ResNet
    inputs = converted(inputs, lambda x: x.clone().requires_grad_())
    outs = list(tensors(net(inputs)))
    backward(outs)
    gradients = {
        name: x.grad for name, x in [
            *((f'input {i}', x) for i, x in enumerate(tensors(inputs))),
            *net.named_parameters()
        ]
    }
    for name, gradient in gradients.items():
        assert gradient is not None, name
        assert gradient.isfinite().all() and gradient.any(), name
    assert all(out.isfinite().all() for out in outs)
    return outs, gradients


def evaluate(net: nn.Module, inputs) -> list[Tensor]:
    net.eval()
    with torch.no_grad():
        return list(tensors(net(inputs)))


def assert_near(outs, expected) -> None:
    """Equal but for the rounding of bfloat16, which adds up."""
    for out, wanted in zip(outs, expected):
        # the mean: a norm may magnify the rounding of single pixels
        assert (out - wanted).abs().mean() < 0.05 * wanted.abs().mean()


class ModelTests:
    """Tests of a model; its own file has a subclass that fills the form.

    ``test_one_stage`` is replaced where one stage is refused, and set to
    None where a model has no stages. What a model alone does stands in
    functions beside the class.
    """

    def build(self) -> nn.Module:
        """Return the model, small and without dropout."""
        raise NotImplementedError

    def inputs(self, batch: int, size: tuple[int, int]):
        """Return the argument of forward, of pictures of a size in pixels."""
        raise NotImplementedError

    def shapes(self, batch: int, size: tuple[int, int]) -> list[tuple]:
        """Return the shapes of all tensors that come out."""
        raise NotImplementedError

    def one_stage(self) -> tuple:
        """Return a model of a single stage, and the argument of forward."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def start(self):
        init_default_scope('mmseg')
        torch.manual_seed(0)

    @pytest.mark.parametrize(('batch', 'size'), [(2, SIZE), (1, ODD)],
                             ids=['batch', 'odd image'])
    def test_trains(self, batch, size):
        outs, _ = train_step(
            randomised(self.build()), self.inputs(batch, size))
        assert [tuple(out.shape) for out in outs] == self.shapes(batch, size)

    def test_one_stage(self):
        net, inputs = self.one_stage()
        outs, _ = train_step(randomised(net), inputs)
        assert len(outs) == 1

    def test_each_image_is_by_itself_in_evaluation(self):
        net, inputs = randomised(self.build()), self.inputs(2, ODD)
        both = evaluate(net, inputs)
        one = evaluate(net, converted(inputs, lambda x: x[1:]))
        torch.testing.assert_close(
            one, [out[1:] for out in both], atol=1e-4, rtol=1e-4)
        assert [tuple(out.shape) for out in both] == self.shapes(2, ODD)

    def test_bfloat16_by_autocast(self):
        net, inputs = randomised(self.build()), self.inputs(2, SIZE)
        expected, _ = train_step(deepcopy(net), inputs)
        with torch.autocast('cpu', torch.bfloat16):
            outs, gradients = train_step(net, inputs)
        assert_near(outs, expected)
        assert {x.dtype for x in gradients.values()} == {torch.float32}

    def test_bfloat16_throughout(self):
        net, inputs = randomised(self.build()), self.inputs(2, SIZE)
        expected = evaluate(net, inputs)
        net.bfloat16()
        inputs = converted(inputs, Tensor.bfloat16)
        outs = evaluate(net, inputs)
        assert {out.dtype for out in outs} == {torch.bfloat16}
        assert_near(outs, expected)
        train_step(net, inputs)

    def test_exports(self):
        net, inputs = randomised(self.build()), self.inputs(1, SIZE)
        expected = evaluate(net, inputs)
        with torch.no_grad():
            program = torch.export.export(net, (inputs, )).module()
            outs = list(tensors(program(inputs)))
        torch.testing.assert_close(outs, expected, atol=1e-5, rtol=1e-5)

    def test_compiles_for_training(self):
        # models break in TorchDynamo, and what compiles its graphs is slow
        torch.compiler.reset()
        net, inputs = randomised(self.build()), self.inputs(2, SIZE)
        twin = deepcopy(net)
        outs, gradients = train_step(
            torch.compile(net, backend='eager', fullgraph=True), inputs)
        expected, wanted = train_step(twin, inputs)
        torch.testing.assert_close(outs, expected, atol=1e-4, rtol=1e-4)
        # not of each: that of a bias before a batch norm is 0 but for rounding
        largest = max(x.abs().max().item() for x in wanted.values())
        torch.testing.assert_close(
            {k.removeprefix('_orig_mod.'): x for k, x in gradients.items()},
            wanted, atol=1e-4 * largest, rtol=1e-3)
        torch.testing.assert_close(
            dict(net.named_buffers()), dict(twin.named_buffers()))


class UpstreamTests(ModelTests):
    """Tests of a model that takes the weights of one of mmseg's."""

    def upstream(self) -> nn.Module:
        """Return mmseg's, of the same size."""
        raise NotImplementedError

    def test_takes_and_gives_upstreams_weights(self):
        theirs, ours = randomised(self.upstream()), self.build()
        # in the same order too, by which optimisers resume
        found, expected = (
            [(name, x.shape) for name, x in net.state_dict().items()]
            for net in (ours, theirs))
        assert found == expected
        ours.load_state_dict(theirs.state_dict(), strict=True)
        inputs = self.inputs(2, ODD)
        torch.testing.assert_close(
            evaluate(ours, inputs), evaluate(theirs, inputs),
            atol=1e-4, rtol=1e-4)
        theirs.load_state_dict(ours.state_dict(), strict=True)
