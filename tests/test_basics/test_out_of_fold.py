"""The folder of a cross-validation, whole and broken."""
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from folds import write_folds

from mmseg_ext.basics.out_of_fold import read_out_of_fold


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_folds(tmp_path / 'folds', np.array([
        [[8, 2], [1, 9]], [[6, 4], [0, 10]], [[5, 0], [5, 10]]]))


def test_what_is_read(folder):
    found = read_out_of_fold(folder)
    assert found.classes == ('matrix', 'pore') and found.seeds == (0, )
    assert found.names == ('a0', 'a1', 'a2') and found.folds == (0, 1, 0)
    assert found.confusion.shape == (3, 1, 2, 2) and not found.unfinished
    # predicted 9, 6 and 10 of 20 as matrix, true are 10, 10 and 5
    assert found.errors[:, 0, 0] == pytest.approx([-0.05, -0.2, 0.25])
    assert found.errors.sum(-1) == pytest.approx(0)


def test_a_fold_that_is_not_finished(folder):
    (folder / 'folds/fold_3.txt').write_text('a9\n')
    assert read_out_of_fold(folder).unfinished == (2, )


def broken_record(folder):
    (folder / 'cross_validation.json').write_text('{"config": "a.py"}')


def no_number(folder):
    path = folder / 'confusions.csv'
    path.write_text(path.read_text().replace(',9', ',x'))


def other_order(folder):
    path = folder / 'confusions.csv'
    head, *lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join([head, *reversed(lines)]))


def other_classes(folder):
    path = folder / 'cross_validation.json'
    record = json.loads(path.read_text())
    path.write_text(json.dumps(dict(record, classes=['matrix', 'void'])))


@pytest.mark.parametrize('change', [
    broken_record, no_number, other_order, other_classes])
def test_files_that_do_not_fit(folder, change):
    change(folder)
    with pytest.raises(ValueError, match=r'does not fit .*--report-only'):
        read_out_of_fold(folder)


def write_boundaries(folder, rows):
    (folder / 'boundaries.csv').write_text('\n'.join([
        'image,seed,class,both,predicted,true', *rows]))


def test_boundaries_are_read_where_they_were_counted(folder):
    assert read_out_of_fold(folder).boundaries is None
    rows = [f'a{i},0,{name},{i},{i + 2},{i + 3 + k}'
            for i in range(3) for k, name in enumerate(('matrix', 'pore'))]
    write_boundaries(folder, rows)
    found = read_out_of_fold(folder).boundaries
    assert found.shape == (3, 1, 3, 2)
    assert found[2, 0].tolist() == [[2, 2], [4, 4], [5, 6]]
    write_boundaries(folder, rows[:-1])
    with pytest.raises(ValueError, match=r'boundaries\.csv does not fit'):
        read_out_of_fold(folder)


def test_no_cross_validation(folder, tmp_path):
    shutil.move(folder / 'images.csv', tmp_path)
    with pytest.raises(FileNotFoundError, match=r'has no images\.csv: it is'):
        read_out_of_fold(folder)
