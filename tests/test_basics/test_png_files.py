"""What is written as PNG is read as it was."""
import numpy as np
import pytest

from mmseg_ext.basics import decode_file
from mmseg_ext.basics.png_files import write_png


@pytest.mark.parametrize('shape', [(5, 7), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize('kind', [np.uint8, np.uint16])
def test_written_and_read(tmp_path, shape, kind):
    pixels = np.random.default_rng(0).integers(
        0, np.iinfo(kind).max, shape, kind, endpoint=True)
    write_png(tmp_path / 'Gefüge 裂.png', pixels)
    found = decode_file(str(tmp_path / 'Gefüge 裂.png'))
    assert found.dtype == kind
    assert np.array_equal(found, pixels)
