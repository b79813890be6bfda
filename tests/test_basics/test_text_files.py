"""Text as editors and spreadsheets of all countries write it."""
import codecs

import pytest

from mmseg_ext.basics.text_files import read_lines, read_text

TEXT = 'Gefüge_0\n试样\n'


@pytest.mark.parametrize('encoding', [
    'utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
def test_unicode_of_every_kind(tmp_path, encoding, end):
    path = tmp_path / 'a.txt'
    path.write_bytes(f'{TEXT}  b.png \t\n\n'.replace('\n', end).encode(
        encoding))
    assert read_lines(path) == ['Gefüge_0', '试样', 'b.png']


@pytest.mark.parametrize('encoding, mark', [
    ('utf-16-le', codecs.BOM_UTF16_LE), ('utf-16-be', codecs.BOM_UTF16_BE)])
def test_utf_16_with_and_without_a_mark(tmp_path, encoding, mark):
    path = tmp_path / 'a.txt'
    for start in (mark, b''):
        path.write_bytes(start + 'Gefüge_0\n1.png\n'.encode(encoding))
        assert read_text(path) == 'Gefüge_0\n1.png\n'


@pytest.mark.parametrize('encoding, text', [
    ('cp1252', 'a\nGefüge'), ('gbk', 'a\n试样'), ('cp949', 'a\n가')])
def test_code_pages_are_named_not_guessed(tmp_path, encoding, text):
    path = tmp_path / 'a.txt'
    path.write_bytes(text.encode(encoding))
    with pytest.raises(ValueError, match=(
            r'a\.txt is not UTF-8 text \(line 2.*save it as UTF-8')):
        read_text(path)


def test_an_empty_file(tmp_path):
    (tmp_path / 'a.txt').write_bytes(b'')
    assert read_lines(tmp_path / 'a.txt') == []
