"""What lies in the place of a file is named with what to do."""
import pytest

from mmseg_ext.basics import read_image
from mmseg_ext.basics.stand_ins import describe_stand_in

LFS = (b'version https://git-lfs.github.com/spec/v1\n'
       b'oid sha256:4d7a\nsize 12345\n')


@pytest.mark.parametrize(('content', 'found'), [
    (LFS, 'git lfs pull'),
    (b'/annex/objects/SHA256E-s10--ab.png\n', 'git annex get'),
    (b'outs:\n- md5: 12\n  path: a.png\n', 'dvc pull'),
    (b'\n<!DOCTYPE html><html><body>404', 'web page'),
    (b'%PDF-1.4\n', 'PDF'),
    (b'\0\0\0\x18ftypheic\0\0\0\0', 'HEIC'),
    (bytes(128) + b'DICM\2\0', 'DICOM'),
    (bytes(5000), 'zeros'),
    (b'', 'empty'),
])
def test_image(tmp_path, content, found):
    (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(ValueError) as error:
        read_image(str(tmp_path / 'a.png'))
    assert f'a.png cannot be read as an image ({len(content)} bytes): it' in (
        str(error.value))
    assert found in str(error.value) and 'remove it' not in str(error.value)


def test_others():
    assert describe_stand_in(b'PK\3\4') == describe_stand_in(b'text') == ''
