"""Which part of the data is taken where another does not exist."""
import pytest

from mmseg_ext.datasets.absent_part import find_absent, settle


def settings(root, **changes) -> dict:
    return dict(
        dict(data_root=str(root), data_prefix=dict(img_path='a', masks='b'),
             if_absent=dict(data_prefix=dict(img_path='c'))), **changes)


@pytest.fixture
def root(tmp_path):
    for name in 'ab':
        (tmp_path / name / 'deeper').mkdir(parents=True)
        (tmp_path / name / 'deeper/file').touch()
    return tmp_path


def test_what_exists_stays(root):
    wanted = settings(root)
    assert find_absent(wanted) is None
    assert settle(wanted)['data_prefix'] == wanted['data_prefix']
    assert 'if_absent' not in settle(wanted)
    assert settle(dict(type='Other')) == dict(type='Other')
    assert settle(settings(root, if_absent=None))['data_prefix'] == (
        wanted['data_prefix'])


@pytest.mark.parametrize('name', ['a', 'b'])
def test_an_empty_folder_is_none(root, name):
    (root / name / 'deeper/file').unlink()
    assert find_absent(settings(root)) == str(root / name)
    assert settle(settings(root))['data_prefix'] == dict(img_path='c')


def test_a_list(root):
    wanted = settings(root, ann_file='test.txt',
                      if_absent=dict(ann_file='val.txt'))
    assert find_absent(wanted) == str(root / 'test.txt')
    assert settle(wanted)['ann_file'] == 'val.txt'
    (root / 'test.txt').touch()
    assert settle(wanted)['ann_file'] == 'test.txt'
