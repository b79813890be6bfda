"""Text files beside an image, and those that are no side files."""
import pytest
from microscope_files import picture, write_fei

from mmseg_ext.basics.pixel_size import read_statements, side_files

JEOL = ('$CM_FORMAT SEM\r\n$CM_MAG 5000\r\n$CM_FULL_SIZE 1280 960\r\n'
        '$$SM_MICRON_BAR {bar}\r\n$$SM_MICRON_MARKER {marker}\r\n')
HITACHI = ('[SemImageFile]\r\nInstructName=S-4800\r\nImageName=a.png\r\n'
           'DataSize=1280x960\r\nPixelSize=49.60938\r\n')
TESCAN = ('[MAIN]\r\nImageStripSize=80\r\nPixelSizeX=5e-8\r\n'
          'PixelSizeY=5e-8\r\n[SEM]\r\nWD=0.01\r\n')


def jeol(bar: str = '200', marker: str = '10um') -> bytes:
    return JEOL.format(bar=bar, marker=marker).encode('latin-1')


@pytest.mark.parametrize(('name', 'data', 'source', 'um', 'size'), [
    ('a.txt', jeol(), 'JEOL', 0.05, (960, 1280)),
    ('a.TXT', jeol('125', '100nm'), 'JEOL', 0.0008, (960, 1280)),
    ('a.txt', jeol('160', '1\xb5m'), 'JEOL', 0.00625, (960, 1280)),
    ('a.txt', HITACHI.encode(), 'Hitachi', 0.04960938, (960, 1280)),
    ('a.txt', HITACHI.encode('utf-16'), 'Hitachi', 0.04960938, (960, 1280)),
    ('a.txt', HITACHI.encode() + b'Comment=\x93\xfa\r\n', 'Hitachi',
     0.04960938, (960, 1280)),
    ('a-png.hdr', TESCAN.encode(), 'TESCAN', 0.05, None),
    ('a.hdr', TESCAN.encode(), 'TESCAN', 0.05, None),
])
def test_side_files(tmp_path, name, data, source, um, size):
    image = tmp_path / 'a.png'
    image.write_bytes(b'its pixels are not read')
    (tmp_path / name).write_bytes(data)
    statement, = read_statements(image)
    assert statement.place == f'{source} side file ({name})'
    assert statement.um == pytest.approx((um, um))
    assert statement.picture == size
    assert side_files(image) == [tmp_path / name]


def test_what_is_none(tmp_path):
    image = tmp_path / 'a.png'
    image.touch()
    for text in ('0 0.5 0.5 0.1 0.1\n', '', '$$SM_MICRON_BAR 200\n',
                 'PixelSize=3'):
        (tmp_path / 'a.txt').write_text(text)
        assert read_statements(image) == ()
        assert side_files(image) == []
    # of another image
    (tmp_path / 'ab.txt').write_bytes(jeol())
    (tmp_path / 'a-tif.hdr').write_text(TESCAN)
    assert side_files(image) == []
    # one that tells no size is read, and tells none
    for bar, marker in (('0', '10um'), ('200', '10'), ('x', '10um')):
        (tmp_path / 'a.txt').write_bytes(jeol(bar, marker))
        assert [said.um for said in read_statements(image)] == [None]


def test_beside_a_header(tmp_path):
    write_fei(tmp_path / 'a.tif', picture(), 5e-8)
    (tmp_path / 'a.txt').write_bytes(jeol())
    assert [said.source for said in read_statements(tmp_path / 'a.tif')] == [
        'FEI header', 'JEOL side file']
