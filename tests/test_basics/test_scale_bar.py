"""Bars whose pixels are their length over the size of a pixel."""
import numpy as np
import pytest

from mmseg_ext.basics.scale_bar import draw_scale_bar, scale_bar

UM = {'nm': 1e-3, 'µm': 1, 'mm': 1e3}


@pytest.mark.parametrize('um_per_pixel', np.geomspace(2e-5, 500, 41))
@pytest.mark.parametrize('width', [64, 1280])
def test_length_is_what_the_label_says(width, um_per_pixel):
    bar = scale_bar(width, um_per_pixel)
    number, unit = bar.label.split()
    assert bar.length * um_per_pixel == pytest.approx(
        float(number) * UM[unit])
    # 1, 2 or 5, and no farther than the middle between two of them
    assert f'{float(number):e}'[:8] in ('1.000000', '2.000000', '5.000000')
    assert 1 / 5**0.5 / 2**0.5 < bar.length / (0.2 * width) < 2.5**0.5 + 1e-9
    if unit != 'mm':
        assert float(number) < 1000


@pytest.mark.parametrize('um_per_pixel, label', [
    (0.1, '20 µm'), (1e-3, '200 nm'), (5.0, '1 mm'), (0.005, '1 µm'),
    (4.8828125, '1 mm')])
def test_units(um_per_pixel, label):
    assert scale_bar(1000, um_per_pixel).label == label


@pytest.mark.parametrize('ground', [0, 128, 255])
def test_seen_on_any_ground(ground):
    image = np.full((120, 400, 3), ground, np.uint8)
    picture = draw_scale_bar(image, 0.25)  # 20 um
    assert (image == ground).all()
    changed = (picture != ground).any(-1)
    assert not changed[:60].any() and not changed[:, :250].any()
    # white within black, as long as it says
    line = picture[110, :, 0]
    assert (line[312:392] == 255).all()
    assert line[311] == line[392] == 0
    assert (line[:311] == ground).all() and (line[393:] == ground).all()


def test_too_small_for_a_bar():
    image = np.zeros((10, 10, 3), np.uint8)
    assert (draw_scale_bar(image, 1.0) == 0).all()


@pytest.mark.parametrize('um', [0, -1, float('nan'), float('inf')])
def test_no_size(um):
    with pytest.raises(ValueError, match='more than 0'):
        scale_bar(100, um)
