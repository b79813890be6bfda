"""Files of a data set, links to nothing among them."""
import pytest

from mmseg_ext.basics.listing import check_links, check_names, list_files


@pytest.fixture
def annex(tmp_path):
    """Two files, of which one is not fetched."""
    (tmp_path / 'deep').mkdir()
    (tmp_path / 'deep/a.png').write_bytes(b'x')
    (tmp_path / 'b.PNG').symlink_to('/annex/b.png')
    (tmp_path / 'c.txt').symlink_to('/annex/c.txt')
    return tmp_path


def test_links_to_nothing_are_listed(annex):
    assert list_files(str(annex), ('.png', )) == {
        'b': str(annex / 'b.PNG'), 'deep/a': str(annex / 'deep/a.png')}
    assert list_files(str(annex / 'missing'), ('.png', )) == {}


def test_links_to_nothing_are_refused_by_name(annex):
    check_links([str(annex / 'deep/a.png'), None])
    with pytest.raises(FileNotFoundError, match=r'1 files are links to what '
                       r'is not there: .*b\.PNG\. .*git annex get'):
        check_links([str(annex / 'deep/a.png'), str(annex / 'b.PNG')])


def test_names_that_fit_no_list(tmp_path):
    check_names({'Gefüge': 'x'})
    with pytest.raises(ValueError, match=r'1 files have names that cannot be '
                       'written to lists: .*not UTF-8: rename'):
        check_names({'a': 'a.png', 'Gef\udcfcge': 'Gef\udcfcge.png'})
