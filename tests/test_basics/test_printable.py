"""Names that can stand in a line of text, and those that cannot."""
import pytest

from mmseg_ext.basics import name_fault, printable
from mmseg_ext.basics.printable import counted

FINE = ['a', 'Gefüge 3', '钢/Fe', 'Screenshot 9.41\u202fAM', "it's", '=1', '']


@pytest.mark.parametrize('name', FINE)
def test_names_of_people_stay(name):
    assert printable(name) == name
    assert name_fault(name) is None


@pytest.mark.parametrize(('name', 'shown', 'what'), [
    (b'Gef\xfcge'.decode('utf-8', 'surrogateescape'), 'Gef\\xfcge',
     'not UTF-8'),
    ('a\rb', 'a\\rb', 'control character'),
    ('a\nb', 'a\\nb', 'control character'),
    ('a\tb', 'a\\tb', 'control character'),
    ('\x1b[2J', '\\x1b[2J', 'control character'),
    ('a\u2028b\x85', 'a\\u2028b\\x85', 'control character'),
])
def test_what_is_shown_in_place(name, shown, what):
    assert printable(name) == shown
    assert what in name_fault(name) and shown in name_fault(name)
    shown.encode()


def test_one_is_no_plural():
    assert counted(1, 'image') == '1 image'
    assert counted(0, 'image') == '0 images'
    assert [counted(n, 'class has', 'classes have') for n in (1, 2)] == [
        '1 class has', '2 classes have']
