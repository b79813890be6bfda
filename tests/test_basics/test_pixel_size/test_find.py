"""The size of a pixel for a picture: known, or not, but never an error."""
import numpy as np
import tifffile

from mmseg_ext.basics.pixel_size import known_um


def test_known_or_not(tmp_path):
    path, size = tmp_path / 'a.tif', (30, 40)
    said = dict(imagej=True, metadata=dict(unit='um'))
    tifffile.imwrite(path, np.zeros(size, np.uint8), resolution=(4, 4),
                     **said)
    assert known_um(path, size) == 0.25
    assert known_um(path, size, 3.0) == 3.0
    # no squares, no headers, no file
    tifffile.imwrite(path, np.zeros(size, np.uint8), resolution=(4, 2),
                     **said)
    assert known_um(path, size) is None
    (tmp_path / 'a.png').write_bytes(b'no header')
    assert known_um(tmp_path / 'a.png', size) is None
    assert known_um(tmp_path / 'none.tif', size) is None
