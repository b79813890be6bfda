"""What a GPU is given of the fused head, seen on a machine without one."""
from pathlib import Path

import fused_head_ddp
import pytest
import torch
from kernel_launches import Launches
from mmseg.models.decode_heads import SegformerHead
from model_tests import pyramid
from ranks import in_ranks
from saved_memory import LiveMemory
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from mmseg_ext.models.decode_heads.fused_segformer_head import (
    MODES,
    FusedSegformerHead,
)
from mmseg_ext.ops import blocks

CHANNELS = [32, 64, 160, 256]


@pytest.fixture
def at_once(monkeypatch):
    """The CPU runs what other devices run."""
    monkeypatch.setattr(blocks, 'DEVICES', ())


@pytest.fixture(params=['blocks', 'at once'])
def form(request, monkeypatch):
    if request.param == 'at once':
        monkeypatch.setattr(blocks, 'DEVICES', ())


def build(kind, **kwargs) -> nn.Module:
    torch.manual_seed(0)
    arguments = dict(
        in_channels=CHANNELS, in_index=[0, 1, 2, 3], channels=64,
        num_classes=3, dropout_ratio=0.1, norm_cfg=dict(type='BN'),
        align_corners=False)
    return kind(**{**arguments, **kwargs}).train()


def maps(batch=2, mean=0.0, size=(128, 128)) -> list:
    torch.manual_seed(0)
    return [(mean + x).requires_grad_()
            for x in pyramid(CHANNELS, batch, size)]


def step(head, inputs, watch) -> None:
    """Watch a forward and a backward pass."""
    with watch:
        out = head(inputs)
    upper = torch.randn_like(out)
    with watch:
        out.backward(upper)


def launches(kind, batch=2, dtype=None, **kwargs) -> Launches:
    count = Launches()
    with FakeTensorMode():
        head, inputs = build(kind, **kwargs), maps(batch)
        with torch.autocast('cpu', dtype, enabled=dtype is not None):
            step(head, inputs, count)
    return count


@pytest.mark.parametrize('dropout_ratio', [0.1, 0])
@pytest.mark.parametrize('dtype', [None, torch.bfloat16])
def test_launches_are_few_and_as_many_for_any_batch(
        dtype, dropout_ratio, at_once):
    (ours, ), (theirs, ) = (
        {launches(kind, batch, dtype, dropout_ratio=dropout_ratio).total
         for batch in (2, 8, 16)}
        for kind in (FusedSegformerHead, SegformerHead))
    assert ours <= 1.5 * theirs


def test_every_device_but_the_cpu_gets_them(monkeypatch):
    with torch.device('meta'):
        count = Launches()
        step(build(FusedSegformerHead), maps(), count)
    monkeypatch.setattr(blocks, 'DEVICES', ())
    assert count.names == launches(FusedSegformerHead).names


def runs_on_mps(name: str, operators: dict) -> bool:
    """Tell whether PyTorch has an operator for MPS, or for any device."""
    function = operators[name.removeprefix('aten::')]
    if delegate := function.get('structured_delegate'):
        return runs_on_mps(delegate, operators)
    devices = ','.join(function.get('dispatch', ['Composite']))
    return 'MPS' in devices or 'Composite' in devices


@pytest.mark.parametrize('mode', MODES)
def test_each_operator_runs_on_mps(mode, at_once):
    torchgen = pytest.importorskip('torchgen')
    yaml = pytest.importorskip('yaml')
    path = (Path(torchgen.__file__).parent
            / 'packaged/ATen/native/native_functions.yaml')
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    operators = {function['func'].partition('(')[0]: function
                 for function in yaml.load(path.read_text(), loader)}
    assert runs_on_mps('aten::var_mean.correction', operators)
    assert not runs_on_mps('aten::batch_norm_update_stats', operators)
    names = launches(
        FusedSegformerHead, interpolate_mode=mode, align_corners=None).names
    assert [x for x in names if not runs_on_mps(x, operators)] == []


@pytest.mark.parametrize('dtype', [None, torch.bfloat16])
def test_takes_half_of_mmsegs_memory(dtype, at_once):
    peaks = []
    with FakeTensorMode():
        for kind in (FusedSegformerHead, SegformerHead):
            head, inputs = build(kind, channels=256), maps(size=(480, 480))
            memory = LiveMemory([*inputs, *head.parameters()])
            with torch.autocast('cpu', dtype, enabled=dtype is not None):
                step(head, inputs, memory)
            peaks.append(memory.peak)
    assert peaks[0] < 0.5 * peaks[1]


def errors(head, exact, inputs, dtype) -> list:
    """RMS errors of the fusion norm's running statistics, in deviations."""
    with torch.autocast('cpu', dtype):
        head(inputs)
    ours, wanted = (x.fusion_conv.norm for x in (head, exact))
    mean = (ours.running_mean - wanted.running_mean) / (
        wanted.running_var.sqrt())
    variance = ours.running_var / wanted.running_var - 1
    return [x.square().mean().sqrt() for x in (mean, variance)]


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_running_statistics_in_half_precision(dtype, form):
    # ten deviations from zero: rounded weights times that is an error of
    # each channel as a whole
    inputs = maps(mean=10.0)
    kwargs = dict(dropout_ratio=0, norm_cfg=dict(type='BN', momentum=1.0))
    exact = build(SegformerHead, **kwargs).double()
    exact([x.double() for x in inputs])
    theirs, ours = (errors(build(kind, **kwargs), exact, inputs, dtype)
                    for kind in (SegformerHead, FusedSegformerHead))
    for found, stock in zip(ours, theirs):
        assert found < 1.1 * stock


def scaled_step(kind, scale) -> tuple:
    """The maps' gradients by float16, and whether the step was left out."""
    inputs = maps()
    head = build(kind, dropout_ratio=0)
    optimizer = torch.optim.SGD(head.parameters(), 0.1)
    scaler = torch.amp.GradScaler('cpu', init_scale=scale)
    with torch.autocast('cpu', torch.float16):
        out = head(inputs)
    assert out.dtype == torch.float16
    scaler.scale(out.float().square().mean()).backward()
    before = head.conv_seg.weight.detach().clone()
    scaler.step(optimizer)
    scaler.update()
    skipped = scaler.get_scale() < scale
    assert skipped == torch.equal(head.conv_seg.weight, before)
    return [x.grad / scale for x in inputs], skipped


def test_scaled_gradients_of_half_precision(form):
    assert scaled_step(FusedSegformerHead, 2.0**40)[1]  # it overflows
    exact = build(SegformerHead, dropout_ratio=0)
    inputs = maps()
    wanted = torch.autograd.grad(exact(inputs).square().mean(), inputs)
    (theirs, _), (ours, skipped) = (
        scaled_step(kind, 2.0**10)
        for kind in (SegformerHead, FusedSegformerHead))
    assert not skipped
    for found, stock, x in zip(ours, theirs, wanted):
        assert (found - x).norm() < 1.2 * (stock - x).norm() < 0.05 * x.norm()


# in full precision: test_saves_one_map_where_it_is_compiled
def test_compiles_for_training_in_bfloat16(form):
    inputs = maps(size=(64, 64))[:2]
    results = []
    for compiles in (False, True):
        head = build(FusedSegformerHead, dropout_ratio=0,
                     in_channels=CHANNELS[:2], in_index=[0, 1])
        network = torch.compile(
            head, backend='aot_eager_decomp_partition',
            fullgraph=True) if compiles else head
        with torch.autocast('cpu', torch.bfloat16):
            out = network(inputs)
        gradients = torch.autograd.grad(
            out.float().square().mean(), [*inputs, *head.parameters()])
        results.append([out, *head.buffers(), *gradients])
    for eager, compiled in zip(*results):
        error = (compiled.double() - eager.double()).norm()
        assert error <= 0.1 * eager.double().norm() + 1e-7


def test_two_processes_average_their_gradients(form, tmp_path):
    in_ranks(2, fused_head_ddp.run, tmp_path)
    one, other = (torch.load(tmp_path / f'{rank}.pth') for rank in range(2))
    gradients = []
    for rank in range(2):
        head = fused_head_ddp.build(SegformerHead)
        fused_head_ddp.loss(head, rank).backward()
        gradients.append([x.grad for x in head.parameters()])
        if rank == 0:  # whose buffers are all processes' in the next step
            statistics = {k: x.clone() for k, x in head.named_buffers()}
    averages = [sum(pair) / 2 for pair in zip(*gradients)]
    for found in (one, other):
        torch.testing.assert_close(found['gradients'], averages)
    torch.testing.assert_close(one['buffers'], statistics)
