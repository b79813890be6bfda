"""A source and a target out of one set."""
import cv2
import numpy as np
import pytest

from mmseg_ext.conversion import write_domains

GREYS = dict(train=(100, 200, 60), val=(210, 40), test=(80, ))


@pytest.fixture
def root(tmp_path):
    root = tmp_path / 'set'
    for part, levels in GREYS.items():
        for kind in ('images', 'masks'):
            (root / kind / part).mkdir(parents=True)
        for i, level in enumerate(levels):
            image = np.full((8, 8, 3), level, np.uint8)
            cv2.imwrite(str(root / f'images/{part}/{part}{i}.tif'), image)
            cv2.imwrite(str(root / f'masks/{part}/{part}{i}.png'),
                        image[..., 0] // 100)
    return root


def read(folder):
    return {path.name: cv2.imread(str(path), -1).mean()
            for path in folder.iterdir()}


def test_darkened_copies(root, tmp_path):
    found = write_domains(tmp_path / 'out', root, factor=0.6)
    assert found == dict(
        train=['train0', 'train1', 'train2'],
        target=['train0', 'train1', 'train2'],
        test=found['test'])
    images = tmp_path / 'out/images'
    assert read(images / 'train') == {
        'train0.tif': 100, 'train1.tif': 200, 'train2.tif': 60}
    assert read(images / 'target') == {
        'train0.png': 60, 'train1.png': 120, 'train2.png': 36}
    assert read(images / 'test') == {
        'val0.png': 126, 'val1.png': 24, 'test0.png': 48}
    assert read(tmp_path / 'out/masks/test') == {
        'val0.png': 2, 'val1.png': 0, 'test0.png': 0}


def test_bright_and_dark_ones(root, tmp_path):
    found = write_domains(tmp_path / 'out', root, below=90)
    assert found == dict(train=['train0', 'train1'], target=['train2'],
                         test=found['test'])
    assert {*found['test']} == {'val1', 'test0'}
    # what belongs to no domain is in none
    assert read(tmp_path / 'out/images/test') == {
        'val1.tif': 40, 'test0.tif': 80}


@pytest.mark.parametrize(('options', 'sentence'), [
    ({}, 'Either factor or below'),
    (dict(factor=2, below=3), 'Either factor or below'),
    (dict(factor=0), 'factor=0: must be above 0'),
    (dict(below=300), 'below=300: must be a grey level'),
    (dict(below=50), 'No image would be in target.*darker than 50'),
    (dict(below=255), 'No image would be in train'),
])
def test_refusals(root, tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        write_domains(tmp_path / 'out', root, **options)
    assert not (tmp_path / 'out/images').exists()


def test_one_name_in_two_parts(root, tmp_path):
    for kind, suffix in (('images', 'tif'), ('masks', 'png')):
        (root / f'{kind}/val/val0.{suffix}').rename(
            root / f'{kind}/val/test0.{suffix}')
    with pytest.raises(ValueError, match='test0 is in several parts'):
        write_domains(tmp_path / 'out', root, factor=0.6)
