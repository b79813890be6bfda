"""What is written as PNG is read as it was."""
import numpy as np
import pytest
from matplotlib.figure import Figure

from mmseg_ext.basics import decode_file
from mmseg_ext.basics.png_files import (
    write_figure,
    write_png,
    write_png_atomically,
)


@pytest.mark.parametrize('shape', [(5, 7), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize('kind', [np.uint8, np.uint16])
def test_written_and_read(tmp_path, shape, kind):
    pixels = np.random.default_rng(0).integers(
        0, np.iinfo(kind).max, shape, kind, endpoint=True)
    write_png(tmp_path / 'Gefüge 裂.png', pixels)
    found = decode_file(str(tmp_path / 'Gefüge 裂.png'))
    assert found.dtype == kind
    assert np.array_equal(found, pixels)


def test_in_the_place_of_another(tmp_path):
    path = tmp_path / 'folder/a.png'
    for value in (1, 2):
        write_png_atomically(path, np.full((2, 3), value, np.uint8))
        assert (decode_file(str(path)) == value).all()
    figure = Figure(figsize=(1, 0.5), dpi=10)
    assert write_figure(path, figure) == path.read_bytes()
    assert decode_file(str(path)).shape[:2] == (5, 10)
    assert [*path.parent.iterdir()] == [path]
