"""A suite with folds, from its lists to the paired differences."""
import csv
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy import stats

from mmseg_ext.benchmark import read_suite, write_report
from mmseg_ext.benchmark.comparison import choose_pairs, read_models
from mmseg_ext.benchmark.cross_validation import Measured
from mmseg_ext.benchmark.runs import list_runs, open_folds, run_folder
from mmseg_ext.evaluation.pooled import iou

SUITE = """
title = 'Three models'
budget = 'Short'
data_root = {root!r}
data_help = 'Where from'
input_size = (64, 64)
seeds = [0, 1]
folds = dict(number=2, seed=3)
columns = dict(mIoU=dict(title='mIoU', unit='%'))
rows = dict(
    plain=dict(title='Plain', config={config!r}),
    neck=dict(title='Neck', config={config!r},
              cfg_options={{'model.neck.num_heads': 2}}),
    add=dict(title='Add', config={config!r}, against='neck',
             cfg_options={{'model.neck.integration': 'add'}}))
"""
# of each row the part of the pixels that is taken for the next class
WRONG = dict(plain=0.3, neck=0.1, add=0.1)


def finish(suite, out, rows=('plain', 'neck', 'add')) -> None:
    """Write what the workers of these rows would have written."""
    folded = open_folds(suite, out)
    machine = dict.fromkeys(
        ('device', 'threads', 'torch', 'mmengine', 'mmcv', 'mmseg',
         'mmseg_ext', 'commit'), 'x')
    rng = np.random.default_rng(0)
    for run in list_runs(suite, out, folded)[0]:
        if run.row.name not in rows:
            continue
        folder = run_folder(suite, out, run.row, run.seed, run.fold)
        assert folder == run.job.folder
        (folder / 'masks').mkdir(parents=True)
        pool = folded.pools[run.row.name]
        for name in folded.folds.lists[run.fold]:
            pred = pool.truth(name).copy()
            wrong = rng.random(pred.shape) < WRONG[run.row.name]
            pred[wrong] = (pred[wrong] + 1) % len(pool.classes)
            path = folder / 'masks' / f'{name}.png'
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), pred)
        (folder / 'result.json').write_text(json.dumps(dict(
            machine=machine, started='now', seconds=1, resumed=False,
            data={part: dict(images=3, fingerprint=f'{part} {run.fold}')
                  for part in ('train', 'test')},
            metrics=dict(mIoU=50.0 + run.fold + run.seed))))


@pytest.fixture(scope='module')
def suite(tmp_path_factory, repository, sem_root):
    path = tmp_path_factory.mktemp('suite') / 'suite.py'
    config = repository / 'configs/sem/segformer_xattn_quickstart.py'
    path.write_text(SUITE.format(root=str(sem_root), config=str(config)))
    return read_suite(path)


@pytest.fixture(scope='module')
def done(suite, tmp_path_factory):
    out = tmp_path_factory.mktemp('results')
    finish(suite, out)
    return out, write_report(suite, out)


def read(path) -> list[dict]:
    with open(path) as file:
        return list(csv.DictReader(file))


def test_all_rows_have_the_same_folds(suite, done):
    out, _ = done
    runs, failures = list_runs(suite, out)
    assert not failures
    assert [run.title for run in runs[:4]] == [
        'Plain, seed 0, fold 1', 'Neck, seed 0, fold 1',
        'Add, seed 0, fold 1', 'Plain, seed 0, fold 2']
    assert len(runs) == 3 * suite.num_runs == 12
    lists = [re.findall(r'fold_(\d)', path.name)[0] for path in
             (out / 'suite/folds').glob('fold_*.txt')]
    assert sorted(lists) == ['1', '2']
    for i in range(0, 12, 3):
        held = {Path(run.job.cfg.test_dataloader.dataset.ann_file).read_text()
                for run in runs[i:i + 3]}
        assert len(held) == 1
        assert {run.job.cfg.val_dataloader for run in runs[i:i + 3]} == {None}


def test_differences_are_those_of_the_images(suite, done):
    out, report = done
    models = {name: Measured.read(out / 'suite' / name) for name in WRONG}
    each = {name: np.nanmean(iou(found.confusion), -1).mean(-1)
            for name, found in models.items()}
    rows = read(out / 'suite/table.csv')
    plain, neck, add = rows
    expected = 100 * (each['neck'] - each['plain'])
    heading = 'mIoU, difference from Plain (%p)'
    assert float(neck[heading]) == pytest.approx(expected.mean())
    assert float(neck[f'{heading} low']) < expected.mean()
    assert add[heading] == plain[heading] == ''
    assert float(add['mIoU, difference from Neck (%p)']) == pytest.approx(
        100 * (each['add'] - each['neck']).mean())
    p_values = [stats.wilcoxon(each[one] - each[other]).pvalue
                for one, other in (('neck', 'plain'), ('add', 'neck'))]
    assert float(neck['p (Holm)']) == pytest.approx(
        min(2 * p_values[0], 1) if p_values[0] <= p_values[1]
        else max(p_values[0], 2 * p_values[1]))
    # mean and deviation over seeds and folds: 50, 51, 51, 52
    assert float(plain['mIoU (%)']) == 51 and plain['mIoU (%) n'] == '4'
    assert '- Neck against Plain: ' in report.text
    assert {path.name for path in report.files} >= {
        'paired.csv', 'comparison.png', 'tables.tex', 'runs.csv'}
    assert [line['fold'] for line in read(out / 'suite/runs.csv')[:4]] == [
        '1', '2', '1', '2']
    assert (out / 'suite/neck/report.html').is_file()
    assert {found.file for found in models.values()} == {
        'segformer_xattn_quickstart.py'}
    assert models['add'].notes[-1] == (
        "Add is its config with model.neck.integration='add'.")
    assert not models['plain'].notes


def test_its_rows_are_models_for_compare_models(done):
    out, _ = done
    models = read_models(dict(one=out / 'suite'))
    assert [*models] == ['add', 'neck', 'plain']
    two = read_models(dict(a=out / 'suite', b=out / 'suite'))
    assert choose_pairs(two) == [
        (f'b/{row}', f'a/{row}') for row in ('add', 'neck', 'plain')]
    assert choose_pairs(['a/neck', 'b/neck', 'b/add', 'one']) == [
        ('b/neck', 'a/neck'), ('one', 'a/neck'), ('one', 'b/neck'),
        ('one', 'b/add')]
    assert choose_pairs(models, 'neck') == [
        ('add', 'neck'), ('plain', 'neck')]
    with pytest.raises(ValueError, match='There is no model none'):
        choose_pairs(models, 'none')


def test_an_unfinished_row_is_left_out(suite, tmp_path):
    finish(suite, tmp_path, ('plain', 'neck'))
    folder = run_folder(suite, tmp_path, suite.row('neck'), 0, 1)
    (folder / 'result.json').unlink()
    (folder.parent / 'seed_1/result.json').unlink()
    report = write_report(suite, tmp_path)
    assert 'Neck is not compared: not every fold is finished' in report.text
    assert 'p (Holm)' not in report.text


def test_edited_lists_have_to_be_as_many(suite, tmp_path):
    finish(suite, tmp_path, ())
    lists = tmp_path / 'suite/folds'
    first, second = ((lists / f'fold_{i}.txt').read_text().splitlines()
                     for i in (1, 2))
    (lists / 'fold_1.txt').write_text('\n'.join(first[:-1]))
    (lists / 'fold_3.txt').write_text(first[-1])
    assert second
    with pytest.raises(ValueError, match='has 3 lists, and folds of the'):
        list_runs(suite, tmp_path)
