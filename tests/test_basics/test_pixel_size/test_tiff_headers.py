"""Headers as tifffile writes them, against the numbers and RosettaSciIO."""
import numpy as np
import pytest
import tifffile
from microscope_files import (
    picture,
    write_fei,
    write_sis,
    write_tag,
    write_zeiss,
)

from mmseg_ext.basics.pixel_size import read_statements

IMAGE = picture()
TO_UM = {'m': 1e6, 'nm': 1e-3, '\xb5m': 1.0}


def write_imagej(path, unit, pixels=20.0):
    tifffile.imwrite(path, IMAGE, imagej=True, resolution=(pixels, pixels),
                     metadata=dict(unit=unit))


def write_ome(path, size, unit):
    tifffile.imwrite(path, IMAGE, ome=True, metadata=dict(
        axes='YX', PhysicalSizeX=size, PhysicalSizeXUnit=unit,
        PhysicalSizeY=size, PhysicalSizeYUnit=unit))


@pytest.mark.parametrize(('source', 'um', 'write'), [
    ('FEI', 0.05, lambda path: write_fei(path, IMAGE, 5e-8)),
    ('FEI', 0.05, lambda path: write_fei(path, IMAGE, 5e-8, tag=34680)),
    ('FEI', 0.25, lambda path: write_tag(
        path, IMAGE, 34682, '[IRBeam]\nHFW=12e-6\nVFW=10e-6\n[Image]\n'
        'ResolutionX=48\nResolutionY=40\n')),
    ('Zeiss', 0.05, lambda path: write_zeiss(path, IMAGE, 5e-8, '50 nm')),
    ('Zeiss', 0.05, lambda path: write_zeiss(
        path, IMAGE, 5e-8, '0.05 \xb5m')),
    # the unnamed value alone
    ('Zeiss', 0.05, lambda path: write_zeiss(path, IMAGE, 5e-8, '')),
    ('Olympus SIS', 0.32, lambda path: write_sis(
        path, IMAGE, 320, 320, -9)),
    ('ImageJ', 0.05, lambda path: write_imagej(path, 'micron')),
])
def test_as_written_and_as_rosettasciio_reads(tmp_path, source, um, write):
    path = tmp_path / 'image.tif'
    write(path)
    statement, = read_statements(path)
    assert statement.source == f'{source} header'
    assert statement.um == pytest.approx((um, um), rel=1e-6)
    assert read_statements(path, path.read_bytes()) == (statement, )
    rsciio_tiff = pytest.importorskip('rsciio.tiff')
    for axis in rsciio_tiff.file_reader(str(path))[0]['axes']:
        assert axis['scale'] * TO_UM[axis['units']] == pytest.approx(
            um, rel=1e-6)


@pytest.mark.parametrize(('source', 'um', 'write'), [
    # units that RosettaSciIO leaves alone, and formats
    ('ImageJ', 0.05, lambda path: write_imagej(path, '\\u00B5m')),
    ('ImageJ', 0.05, lambda path: write_imagej(path, 'um')),
    ('ImageJ', 0.00005, lambda path: write_imagej(path, 'nm')),
    ('OME', 0.05, lambda path: write_ome(path, 0.05, '\xb5m')),
    ('OME', 0.05, lambda path: write_ome(path, 50, 'nm')),
    ('TESCAN', 0.05, lambda path: write_tag(
        path, IMAGE, 50431, 'AccFrames=1\nPixelSizeX=5e-8\n'
        'PixelSizeY=5e-8\n')),
    ('TESCAN', 0.05, lambda path: write_tag(
        path, IMAGE, 50431, b'\x01\x02[MAIN]\r\nPixelSizeX=5e-8\r\n')),
])
def test_other_headers(tmp_path, source, um, write):
    path = tmp_path / 'image.tif'
    write(path)
    statement, = read_statements(path)
    assert statement.source == f'{source} header'
    assert statement.um == pytest.approx((um, um), rel=1e-6)


def test_picture_without_its_band(tmp_path):
    image = np.vstack([IMAGE, np.zeros((8, 48), np.uint8)])
    for write in (lambda path: write_fei(path, image, 5e-8, rows=40),
                  lambda path: write_zeiss(path, image, 5e-8, '50 nm', 40)):
        write(tmp_path / 'image.tif')
        statement, = read_statements(tmp_path / 'image.tif')
        assert statement.picture == (40, 48)


@pytest.mark.parametrize('write', [
    lambda path: tifffile.imwrite(path, IMAGE),
    *[lambda path, dpi=dpi: tifffile.imwrite(
        path, IMAGE, resolution=(dpi, dpi), resolutionunit='INCH')
      for dpi in (72, 96, 300)],
    # what ImageJ makes of them
    lambda path: write_imagej(path, 'inch', 300.0),
    lambda path: write_imagej(path, 'cm', 28.346),
    lambda path: write_imagej(path, 'pixel', 1.0),
    # not calibrated, odd or cut off
    lambda path: write_tag(path, IMAGE, 34682, '[Scan]\nPixelWidth=0\n'),
    lambda path: write_tag(path, IMAGE, 34682, '[Scan]\nPixelWidth=nan\n'),
    lambda path: write_tag(path, IMAGE, 34682, 'no header'),
    lambda path: write_tag(path, IMAGE, 34118, b'AP_IMAGE_PIXEL_SIZE\r\n'),
    lambda path: write_tag(path, IMAGE, 33560, b'SIS0 and no more'),
    lambda path: write_tag(path, IMAGE, 50431, b'PixelSizeX='),
    lambda path: path.write_bytes(b'II*\0\xff\xff\xff\xff'),
    lambda path: path.write_bytes(b'\x89PNG\r\n\x1a\n'),
    lambda path: path.write_bytes(b''),
])
def test_no_size(tmp_path, write):
    path = tmp_path / 'image.tif'
    write(path)
    assert read_statements(path) == read_statements(
        path, path.read_bytes()) == ()
