"""bfloat16 in the steps only, channels last in the stock Runner."""
import pytest
import torch
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
    net = nn.Linear(3, 2)
    before = net.weight.detach().clone()
    optimizer = wrapper(net, enabled=enabled)
    with optimizer.optim_context(net):
        out = net(torch.ones(1, 3))
    assert out.dtype == dtype
    assert net(torch.ones(1, 3)).dtype == torch.float32
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
