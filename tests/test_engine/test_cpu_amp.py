"""bfloat16 in the steps only, channels last in the stock Runner."""
import warnings
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from ranks import in_ranks
from tiny import shrink
from tiny_training import TinyModel, tiny_runner
from torch import nn

from mmseg_ext.engine import (
    ChannelsLastHook,
    CpuAmpOptimWrapper,
    load_config,
    train,
)
from mmseg_ext.engine.cpu_amp import cpu_has_bfloat16


def wrapper(net: nn.Module, **kwargs) -> CpuAmpOptimWrapper:
    return CpuAmpOptimWrapper(
        optimizer=torch.optim.SGD(net.parameters(), 0.1), **kwargs)


@pytest.mark.parametrize(('enabled', 'dtype'), [(True, torch.bfloat16),
                                                (False, torch.float32)])
def test_a_step_computes_in_that_type(enabled, dtype):
    net = nn.Linear(3, 2).to(get_device())
    ones = torch.ones(1, 3, device=get_device())
    before = net.weight.detach().clone()
    optimizer = wrapper(net, enabled=enabled)
    with optimizer.optim_context(net):
        out = net(ones)
    assert out.dtype == dtype
    assert net(ones).dtype == torch.float32
    optimizer.update_params(out.float().sum())
    assert net.weight.dtype == torch.float32
    torch.testing.assert_close(
        net.weight.detach(), before - 0.1)  # the gradient is 1


def test_auto_asks_the_cpu():
    assert wrapper(nn.Linear(1, 1)).enabled == (
        cpu_has_bfloat16() and not torch.cuda.is_available())
    if cpu_has_bfloat16():
        # oneDNN's own, wider question
        assert torch.ops.mkldnn._is_mkldnn_bf16_supported()


def test_unknown_value():
    with pytest.raises(ValueError, match="enabled='yes'"):
        wrapper(nn.Linear(1, 1), enabled='yes')


def test_in_the_stock_runner(repository, mvtec_like, tmp_path, monkeypatch):
    init_default_scope('mmseg')
    cfg = shrink(load_config(
        str(repository / 'configs/mvtec_ad/unet_c16_mvtec.py'),
        work_dir=str(tmp_path), data_root=str(mvtec_like)))
    cfg.model.backbone.base_channels = 4
    cfg.model.decode_head.update(in_channels=4, channels=4)
    cfg.optim_wrapper.enabled = True
    cfg.experiment_name = 'cpu_amp'
    seen = []
    forward = nn.Conv2d.forward

    def noting(self, x):
        out = forward(self, x)
        if self.kernel_size == (3, 3):
            seen.append((self.training, out.dtype, out.is_contiguous(
                memory_format=torch.channels_last)))
        return out

    monkeypatch.setattr(nn.Conv2d, 'forward', noting)
    train(cfg)
    assert set(seen) == {(True, torch.bfloat16, True),
                         (False, torch.float32, True)}


class Convolutions(TinyModel):
    """A kernel of 3 x 3, whose two layouts differ."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)


def train_rank(folder: Path, hooks: list) -> None:
    """What each of two processes does; the first saves what is seen."""
    torch.manual_seed(0)
    runner = tiny_runner(
        folder / 'work', 3, launcher='pytorch', model=Convolutions(),
        custom_hooks=hooks,
        # else it lays its buffers out anew after a step, by itself
        cfg=Config(dict(find_unused_parameters=True)))
    model = runner.model.module
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        runner.train()
    assert runner.model.module is model
    if runner.rank == 0:
        torch.save(
            dict(weights=model.state_dict(),
                 last=model.conv.weight.is_contiguous(
                     memory_format=torch.channels_last),
                 wrapper=type(runner.model).__name__,
                 said=[str(warning.message) for warning in said]),
            folder / 'seen.pth')


@pytest.mark.skipif(get_device() != 'cpu', reason='two processes of a CPU')
def test_channels_last_in_two_processes(tmp_path):
    seen = []
    for name, hooks in (('plain', []), ('last', [ChannelsLastHook()])):
        (tmp_path / name).mkdir()
        in_ranks(2, train_rank, tmp_path / name, hooks)
        seen.append(torch.load(tmp_path / name / 'seen.pth'))
    plain, last = seen
    assert not any('Grad strides do not match' in text
                   for text in last['said'])
    assert last['wrapper'] == 'MMDistributedDataParallel'
    assert (plain['last'], last['last']) == (False, True)
    for name, value in plain['weights'].items():
        torch.testing.assert_close(last['weights'][name], value)
