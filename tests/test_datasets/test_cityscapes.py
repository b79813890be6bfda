"""Label images that are missing are named, with the command that draws."""
import shutil

import pytest
from mmseg.datasets import CityscapesDataset

from mmseg_ext.datasets import CheckedCityscapesDataset

PREFIX = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')


def build(root, cls=CheckedCityscapesDataset):
    return cls(data_root=str(root), data_prefix=dict(PREFIX), pipeline=[])


@pytest.fixture
def root(cityscapes_like, tmp_path):
    shutil.copytree(cityscapes_like, tmp_path / 'city')
    return tmp_path / 'city'


def test_lists_what_mmseg_lists(root):
    ours, stock = build(root), build(root, CityscapesDataset)
    assert len(ours) == 4
    assert [ours[i] for i in range(4)] == [stock[i] for i in range(4)]


def test_missing_labels(root):
    labels = sorted(root.glob('gtFine/train/*/*labelTrainIds.png'))
    labels[0].unlink()
    with pytest.raises(FileNotFoundError) as error:
        build(root)
    assert '1 of 4 images have no label image' in str(error.value)
    assert labels[0].name in str(error.value)
    assert f'CITYSCAPES_DATASET={root} csCreate' in str(error.value)


def test_no_images(root):
    shutil.rmtree(root / 'leftImg8bit/train')
    with pytest.raises(FileNotFoundError, match='There is no folder'):
        build(root)
    (root / 'leftImg8bit/train').mkdir()
    with pytest.raises(FileNotFoundError, match='holds no images'):
        build(root)
