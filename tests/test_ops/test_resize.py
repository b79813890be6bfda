"""Resizing by matrices against F.interpolate."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.ops import add_resized_, blocks

MODES = [('bilinear', False), ('bilinear', True), ('bicubic', False),
         ('bicubic', True), ('nearest', None), ('nearest-exact', None),
         ('area', None)]


@pytest.mark.parametrize('form', ['one block', 'two channels', 'at once'])
@pytest.mark.parametrize('mode, align_corners', MODES)
def test_equals_interpolate(mode, align_corners, form, monkeypatch):
    if form == 'two channels':
        monkeypatch.setattr(blocks, 'NUMBERS', 252)
    if form == 'at once':
        monkeypatch.setattr(blocks, 'DEVICES', ())
    torch.manual_seed(0)
    base = torch.randn(2, 3, 9, 14, dtype=torch.float64)
    # smaller, odd, larger in one direction, one pixel, and of equal size
    maps = [
        torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
        for size in [(4, 7), (5, 3), (20, 6), (1, 1), (9, 14)]
    ]
    expected = base + sum(
        F.interpolate(x, (9, 14), mode=mode, align_corners=align_corners)
        for x in maps)
    out = base.clone()
    assert add_resized_(out, maps, mode, align_corners) is out
    torch.testing.assert_close(out, expected)
    gradients = [
        torch.autograd.grad(y.square().sum(), maps) for y in (out, expected)
    ]
    torch.testing.assert_close(*gradients)


def test_no_map_is_no_change():
    out = torch.ones(1, 2, 3, 4)
    assert add_resized_(out, []) is out
    assert (out == 1).all()
