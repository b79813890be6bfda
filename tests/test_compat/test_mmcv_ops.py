import importlib
import sys

import pytest
import torch
from mmcv.utils import ext_loader

from mmseg_ext.compat import mmcv_ops

lite_only = pytest.mark.skipif(
    not isinstance(sys.modules['mmcv._ext'], mmcv_ops.MissingOps),
    reason='a full mmcv with compiled operators is installed')


@lite_only
def test_operators_import_and_name_the_remedy_when_called():
    ops = importlib.import_module('mmcv.ops')
    boxes = torch.tensor([[0., 0., 4., 4.], [1., 1., 5., 5.]])
    with pytest.raises(RuntimeError, match=r"'nms'.*--ops"):
        ops.nms(boxes, torch.tensor([0.9, 0.8]), 0.5)
    with pytest.raises(RuntimeError, match=r'deform_conv.*--ops'):
        ops.deform_conv2d(
            torch.zeros(1, 3, 5, 5), torch.zeros(1, 18, 5, 5),
            torch.zeros(4, 3, 3, 3), 1, 1)


@lite_only
def test_mmcv_still_knows_that_it_has_no_operators():
    assert not ext_loader.check_ops_exist()


@lite_only
def test_the_stand_in_is_found_as_a_module():
    assert importlib.util.find_spec('mmcv._ext').name == 'mmcv._ext'
    assert importlib.import_module('mmcv._ext') is sys.modules['mmcv._ext']
    # A missing dunder must stay missing: inspect and copy ask for many.
    assert not hasattr(sys.modules['mmcv._ext'], '__wrapped__')


@pytest.mark.parametrize('device', [
    'cpu',
    pytest.param('cuda', marks=pytest.mark.skipif(
        not torch.cuda.is_available(), reason='needs CUDA')),
])
def test_deformable_attention_learns_without_operators(device):
    from mmcv.ops import MultiScaleDeformableAttention
    torch.manual_seed(0)
    attention = MultiScaleDeformableAttention(
        embed_dims=16, num_heads=2, num_levels=2, num_points=2,
        batch_first=True).to(device)
    shapes = torch.tensor([[4, 6], [2, 3]], device=device)
    starts = torch.tensor([0, 24], device=device)
    query = torch.randn(2, 30, 16, device=device, requires_grad=True)

    out = attention(
        query,
        reference_points=torch.rand(2, 30, 2, 2, device=device),
        spatial_shapes=shapes,
        level_start_index=starts)
    out.sum().backward()

    assert out.shape == (2, 30, 16)
    assert query.grad.isfinite().all() and query.grad.abs().sum() > 0
    for parameter in attention.parameters():
        assert parameter.grad is not None


def test_a_compiled_module_is_left_alone(run_python, tmp_path):
    # mmcv searches its own __path__: a folder more is another place to
    # install to, and nothing in site-packages changes.
    (tmp_path / '_ext.py').write_text(
        "COMPILED = 'yes'\n\n\n"
        'def __getattr__(name):\n'
        "    if name.startswith('__'):\n"
        '        raise AttributeError(name)\n'
        '    return lambda *args, **kwargs: name\n')
    found = run_python(
        """
import json
import mmcv

mmcv.__path__.insert(0, '.')
import mmseg_ext
import mmcv._ext
import mmcv.utils
from mmcv.ops import multi_scale_deform_attn

print(json.dumps(dict(
    compiled=mmcv._ext.COMPILED,
    exists=mmcv.utils.ext_loader.check_ops_exist(),
    cuda_kept=(multi_scale_deform_attn.IS_CUDA_AVAILABLE
               is mmcv.utils.IS_CUDA_AVAILABLE))))
""", cwd=tmp_path)
    assert found == dict(compiled='yes', exists=True, cuda_kept=True)
