"""bfloat16 in the steps only, channels last in the stock Runner."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from tiny import shrink
from torch import nn

from mmseg_ext.engine import CpuAmpOptimWrapper, load_config, train
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


def train_in_two(folder: Path, *hooks: str) -> tuple[str, dict]:
    """Return what two processes print to stderr, and what the first saves."""
    repository = Path(__file__).parents[2]
    path = [str(repository), os.environ.get('PYTHONPATH')]
    done = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         '--nproc_per_node', '2',
         Path(__file__).with_name('train_channels_last.py'), folder, *hooks],
        cwd=folder, capture_output=True, text=True, timeout=120,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, path)),
                 OMP_NUM_THREADS='1', PYTHONWARNINGS='default'))
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr, torch.load(folder / 'rank_0.pth', weights_only=True)


@pytest.mark.slow
@pytest.mark.skipif(get_device() != 'cpu', reason='two processes of a CPU')
def test_channels_last_in_two_processes(tmp_path):
    (tmp_path / 'plain').mkdir()
    _, plain = train_in_two(tmp_path / 'plain')
    printed, last = train_in_two(tmp_path, 'channels last')
    assert 'Grad strides do not match' not in printed
    assert last['wrapper'] == 'MMDistributedDataParallel'
    assert (plain['last'], last['last']) == (False, True)
    for name, value in plain['weights'].items():
        torch.testing.assert_close(last['weights'][name], value)
