"""What counts where several say something, and where nobody does."""
from pathlib import Path

import pytest

from mmseg_ext.basics.pixel_size import (
    Scale,
    Statement,
    declared_band,
    settle_scale,
    to_um,
)

PATH, SIZE = Path('a.tif'), (48, 64)
FEI = Statement('FEI header', (0.05, 0.05), (40, 64))
JEOL = Statement('JEOL side file', (0.0505, 0.0505), file='a.txt')
OTHER = Statement('JEOL side file', (0.1, 0.1), file='a.txt')


def test_first_of_those_that_agree():
    assert settle_scale([FEI, JEOL], PATH, SIZE) == (0.05, 'FEI header')
    only_size = Statement('Zeiss header', picture=(40, 64))
    assert settle_scale([only_size, JEOL], PATH, SIZE) == (
        0.0505, 'JEOL side file')
    assert settle_scale([only_size], PATH, SIZE) == Scale(None, '')


@pytest.mark.parametrize(('statements', 'size', 'words'), [
    ([FEI, OTHER], SIZE, 'FEI header says that a pixel is 0.05 µm, the JEOL '
     r'side file \(a.txt\) 0.1 µm. Remove'),
    ([FEI], (24, 32), '32 pixels wide, and the FEI header is about 64'),
    ([Statement('OME header', (0.05, 0.1))], SIZE, 'need squares'),
])
def test_contradictions(statements, size, words):
    with pytest.raises(ValueError, match=f'^a.tif.*{words}.*--um-per-pixel'):
        settle_scale(statements, PATH, size)
    # who gives a number is believed
    assert settle_scale(statements, PATH, size, 7.0).um == 7


def test_given_number_says_what_it_contradicts():
    assert settle_scale([FEI, OTHER], PATH, SIZE, 0.1) == (
        0.1, 'given, the FEI header says 0.05')
    assert settle_scale([FEI], PATH, SIZE, 0.05) == (0.05, 'given')


@pytest.mark.parametrize(('pictures', 'rows'), [
    ([(40, 64)], 8),
    ([(40, 64), (40, 64)], 8),
    ([(40, 64), (44, 64)], 0),
    ([(48, 64)], 0),  # drawn over the picture, perhaps
    ([(50, 64)], 0),  # cut since
    ([(40, 128)], 0),  # scaled since
    ([(20, 64)], 0),  # more than any band
    ([None], 0),
    ([], 0),
])
def test_declared_band(pictures, rows):
    statements = [Statement('x', picture=size) for size in pictures]
    assert declared_band(statements, SIZE) == rows


def test_units():
    for unit in ('um', '\xb5m', '\u03bcm', 'micron', '\\u00B5m', ' UM '):
        assert to_um('2', unit) == 2
    assert to_um(2, 'nm') == pytest.approx(0.002)
    for value, unit in ((2, 'inch'), (2, 'cm'), (2, None), (0, 'um'),
                        (-1, 'um'), ('x', 'um'), (None, 'um'),
                        (float('inf'), 'um')):
        assert to_um(value, unit) is None
