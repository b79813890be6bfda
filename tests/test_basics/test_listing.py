"""Names in folders and in lists, in every spelling of them."""
import unicodedata

import pytest

from mmseg_ext.basics.listing import (
    check_links,
    check_names,
    describe_absent,
    list_files,
    list_side_by_side,
    read_list,
)

PNG, JPEG = ('.png', ), ('.jpg', '.jpeg')
KNOWN = ('a', 'x/b', 'c.v2', 'Gefüge', '#1', '"q"')


def lay(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')
    return str(root)


def test_decomposed_and_composed_names_are_one(tmp_path):
    apart = unicodedata.normalize('NFD', 'Gefüge.png')
    assert apart != 'Gefüge.png'
    folder = lay(tmp_path, apart)
    assert list_files(folder, PNG) == {'Gefüge': f'{folder}/{apart}'}
    lay(tmp_path, 'Gefüge.png')
    with pytest.raises(ValueError, match=r'1 name with several suffixes or '
                       r'spellings.*cannot be told.*move the masks'):
        list_files(folder, PNG)


@pytest.mark.parametrize('line, name', [
    ('a', 'a'), ('a.PNG', 'a'), ('./a.png', 'a'), ('x/b.png', 'x/b'),
    ('x\\b.png', 'x/b'), ('.\\x\\b', 'x/b'), ('c.v2', 'c.v2'),
    ('c.v2.png', 'c.v2'), ('#1.png', '#1'), ('#1', '#1'),
    (unicodedata.normalize('NFD', 'Gefüge.png'), 'Gefüge'),
    ('"a.png"', 'a'), ("'x\\b'", 'x/b'), ('a.png;', 'a'), ('"a",', 'a'),
    ('\u200ba.png', 'a'), ('"q"', '"q"'),
    ('there/is/none.png', 'there/is/none')])
def test_lines_of_a_list(tmp_path, line, name):
    path = tmp_path / 'train.txt'
    path.write_text(f'# a comment.png\n{line}  \n#a.png\n',
                    encoding='utf-8', newline='\r\n')
    assert read_list(str(path), PNG, KNOWN) == [
        (name, line.strip('\u200b'))]


@pytest.mark.parametrize('line, name', [
    ('train/a.png', 'a'), ('images/train/a', 'a'), ('train/x/b.png', 'x/b'),
    ('images\\train\\x\\b.png', 'x/b'), ('./images/train/a.png', 'a'),
    ('{folder}/x/b.png', 'x/b'), ('x/a.png', None), ('test/a.png', None),
    ('b.png', None), ('images/val/train/a.png', None)])
def test_lines_that_are_paths(tmp_path, line, name):
    folder = lay(tmp_path / 'images/train', 'a.png', 'x/b.png')
    path = tmp_path / 'train.txt'
    path.write_text(line.format(folder=folder))
    (found, _), = read_list(str(path), PNG, list_files(folder, PNG))
    assert found == name if name else found not in ('a', 'x/b')


@pytest.mark.parametrize('line, words', [
    ('images/a.png masks/a.png', '1 line has several columns'),
    ('a\t1', '1 line has several columns'),
    ('a.png,a_mask.png', "such as 'a.png,a_mask.png': leave the first"),
    ('elsewhere/a.png', '1 line is a path to another folder'),
    ('b', 'Add the images, or remove')])
def test_lines_that_name_no_image(tmp_path, line, words):
    known = list_files(lay(tmp_path / 'images', 'a.png'), PNG)
    assert words in describe_absent([line], PNG, known)


def test_name_with_two_suffixes(tmp_path):
    """A file a.png.png is listed as a.png."""
    path = tmp_path / 'train.txt'
    path.write_text('a.png\n')
    assert read_list(str(path), PNG, ['a.png']) == [('a.png', 'a.png')]
    assert read_list(str(path), PNG, ['a', 'a.png']) == [('a', 'a.png')]


def test_jpeg_beside_its_mask(tmp_path):
    folder = lay(tmp_path, 'a.JPG', 'a.png', 'x/b.jpeg', 'x/b.png', 'c.jpg')
    images, masks = list_side_by_side(folder, JPEG + PNG, PNG)
    assert masks == {'a': f'{folder}/a.png', 'x/b': f'{folder}/x/b.png'}
    assert images == {'a': f'{folder}/a.JPG', 'x/b': f'{folder}/x/b.jpeg',
                      'c': f'{folder}/c.jpg'}


@pytest.mark.parametrize('names', [
    ('a.jpg', 'b.png'), ('a.tif', 'a.png'), ('a.jpg', 'a.jpeg'),
    ('a.jpg', 'a.png', 'b.tif', 'b.png'), ('a.jpg', 'a.png', 'a.tif')])
def test_what_is_the_mask_cannot_be_told(tmp_path, names):
    folder = lay(tmp_path, *names)
    assert list_side_by_side(
        folder, (*JPEG, *PNG, '.tif'), (*PNG, '.tif')) is None

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
    with pytest.raises(FileNotFoundError, match=r'1 file is a link to what '
                       r'is not there: .*b\.PNG\. .*git annex get'):
        check_links([str(annex / 'deep/a.png'), str(annex / 'b.PNG')])


def test_names_that_fit_no_list(tmp_path):
    check_names({'Gefüge': 'x'})
    with pytest.raises(ValueError, match=r'1 file has a name that cannot be '
                       'written to lists: .*not UTF-8: rename'):
        check_names({'a': 'a.png', 'Gef\udcfcge': 'Gef\udcfcge.png'})
