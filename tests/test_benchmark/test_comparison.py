"""Models against each other on the same images, and what is refused."""
import csv
from dataclasses import replace

import numpy as np
import pytest

from mmseg_ext.benchmark.comparison import (
    compare_models,
    read_models,
    write_comparison,
)
from mmseg_ext.benchmark.cross_validation import Measured


def confusions(right: np.ndarray) -> np.ndarray:
    """Of 100 pixels of either class so many are right: (n, 1, 2, 2)."""
    return np.array([[[[r, 100 - r], [100 - r, r]]] for r in right])


def model(right, seeds=(0, ), **changes) -> Measured:
    names = tuple(f'image {i}' for i in range(len(right)))
    return replace(Measured(
        'a.py', ('A', 'B'), [[255, 0, 0], [0, 0, 255]], seeds, names,
        tuple(i % 2 for i in range(len(right))), names,
        confusions(right)), **changes)


RIGHT = np.array([60, 70, 65, 80, 75, 90, 85, 72, 66, 78])


def write(tmp_path, **models) -> dict:
    folders = {}
    for name, found in models.items():
        folders[name] = tmp_path / name
        folders[name].mkdir()
        found.write(folders[name])
    return folders


def test_a_better_model_is_called_so(tmp_path):
    rng = np.random.default_rng(0)
    models = read_models(write(
        tmp_path, plain=model(RIGHT), neck=model(RIGHT + 4),
        same=model(RIGHT + rng.permutation([-1, 1] * 5))))
    found = compare_models(models)
    assert [(pair.against, pair.model) for pair in found[:3]] == [
        ('plain', 'neck'), ('plain', 'same'), ('neck', 'same')]
    first = found[0]
    # IoU of r right pixels of 100: r / (200 - r), the same of both classes
    expected = np.mean(100 * ((RIGHT + 4) / (196 - RIGHT)
                              - RIGHT / (200 - RIGHT)))
    assert first.difference.mean == pytest.approx(expected)
    assert first.difference.p == pytest.approx(2 / 2**10)  # all one sign
    assert first.p_holm == pytest.approx(3 * 2 / 2**10)
    text = write_comparison(tmp_path / 'out', models, found)
    assert 'neck against plain: better, ' in text
    assert 'same against plain: no difference shown, ' in text
    assert text == (tmp_path / 'out/comparison.md').read_text()
    with open(tmp_path / 'out/comparison.csv') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9 and float(rows[0]['difference']) == pytest.approx(
        expected, abs=1e-4)
    assert (tmp_path / 'out/comparison.png').stat().st_size > 5000


def test_seeds_are_averaged_and_groups_count_once():
    two = model(RIGHT, (0, 1), confusion=np.concatenate(
        [confusions(RIGHT), confusions(RIGHT + 8)], axis=1))
    grouped = [replace(found, groups=('one', ) * 4 + found.groups[4:])
               for found in (model(RIGHT), two)]
    found = compare_models(dict(a=grouped[0], b=grouped[1]))[0].difference
    each = 50 * ((RIGHT + 8) / (192 - RIGHT) - RIGHT / (200 - RIGHT))
    assert found.number == 7
    assert found.mean == pytest.approx(
        np.mean([each[:4].mean(), *each[4:]]))


def contours(right: np.ndarray) -> np.ndarray:
    """Of 50 pixels near contours of either class so many: (n, 1, 3, 2)."""
    return np.array([[[[r] * 2, [50] * 2, [50] * 2]] for r in right])


def test_boundaries_are_compared_where_they_were_counted(tmp_path):
    right = RIGHT // 2
    models = read_models(write(
        tmp_path, plain=model(RIGHT, boundaries=contours(right)),
        fine=model(RIGHT, boundaries=contours(right + 3)),
        old=model(RIGHT)))
    found = [pair for pair in compare_models(models)
             if pair.measure == 'mBoundaryIoU']
    assert [(pair.model, pair.against) for pair in found] == [
        ('fine', 'plain')]
    expected = np.mean(100 * ((right + 3) / (97 - right)
                              - right / (100 - right)))
    assert found[0].difference.mean == pytest.approx(expected)
    assert found[0].p_holm == pytest.approx(2 / 2**10)  # of one pair
    text = write_comparison(tmp_path / 'out', models, compare_models(models))
    assert 'Without mBoundaryIoU of old, which has no boundaries.csv' in text
    assert '| fine | plain | mBoundaryIoU |' in text


@pytest.mark.parametrize('changes, words', [
    (dict(folds=(1, ) * 10), 'another fold, such as image 0'),
    (dict(classes=('A', 'C')), 'the classes of one are A, B'),
    (dict(groups=('g', ) * 10), 'another group'),
    (dict(confusion=2 * confusions(RIGHT)), 'another number of true pixels'),
    (dict(names=tuple(f'picture {i}' for i in range(10))),
     '20 images are in one of them alone'),
])
def test_other_images_or_folds_are_refused(tmp_path, changes, words):
    folders = write(tmp_path, a=model(RIGHT), b=model(RIGHT, **changes))
    with pytest.raises(ValueError, match=words):
        read_models(folders)


def test_a_folder_that_holds_none(tmp_path):
    with pytest.raises(FileNotFoundError, match='is no folder of'):
        read_models(dict(a=tmp_path, b=tmp_path))
