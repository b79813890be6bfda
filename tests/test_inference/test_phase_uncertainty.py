"""What a run with a validation tells, in its folder and in words."""
import re
from dataclasses import fields

import cv2
import numpy as np
import pytest
from folds import write_folds
from threshold_model import ThresholdModel

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.inference import PredictionJob, Validation, list_inputs
from mmseg_ext.inference.phase_uncertainty import (
    PhaseUncertainty,
    describe_uncertainty,
)


def row(**changes) -> PhaseUncertainty:
    return PhaseUncertainty(**dict(dict(
        phase='pore', n=6, m=18, predicted_percent=20.0, bias_percent=1.0,
        bias_low=-1.0, bias_high=3.0, correction='none',
        fraction_percent=20.0, u_fields=3.0, u_model=1.0, u_percent=10**0.5,
        degrees_of_freedom=9.0, coverage_factor=2.26, low_percent=12.8,
        high_percent=27.2, relative_accuracy_percent=36.0), **changes))


@pytest.mark.parametrize('changes, words', [
    ({}, []),
    (dict(bias_low=0.5), ['The model is biased, by more than chance']),
    (dict(bias_low=0.5, correction='bias'), []),
    (dict(bias_percent=21.0, correction='bias'), ['pore: the bias is larger']),
    (dict(m=3), ['Only 3 validated images'])])
def test_what_is_said(changes, words):
    said = describe_uncertainty([row(**changes)])
    assert len(said) == len(words)
    assert all(sentence.startswith(start)
               for sentence, start in zip(said, words))


@pytest.mark.parametrize('changes, source, bias', [
    ({}, 'images differ', 'no bias shown'),
    (dict(u_fields=1.0, u_model=3.0, bias_low=0.1), 'the model errs',
     'too much is found'),
    (dict(u_fields=5**0.5, u_model=5**0.5, bias_percent=-2.0, bias_low=-3.0,
          bias_high=-1.0), 'both alike', 'too little is found')])
def test_where_it_comes_from(changes, source, bias):
    assert row(**changes).describe_source() == source
    assert row(**changes).describe_bias() == bias


@pytest.fixture(scope='module')
def scans(tmp_path_factory):
    root = tmp_path_factory.mktemp('validated')
    for i in range(3):
        image = np.zeros((40, 60), np.uint8)
        image[:, :20 + 4 * i] = 100
        image[:4] = 250
        cv2.imwrite(str(root / f's{i}.png'), image)
    (root / 'levels').write_text('0 100 250')
    rng = np.random.default_rng(0)
    confusion = rng.integers(1, 9, (8, 3, 3)) + 80 * np.eye(3, dtype=int)
    confusion[:, 0, 1] += 20  # dark is often taken for grey
    write_folds(root / 'folds', confusion, ThresholdModel.classes)
    return root


def run(root, correction=None):
    model, out = ThresholdModel(root / 'levels'), root / 'out'
    validation = None if correction is None else Validation.read(
        root / 'folds', model.classes, correction)
    PredictionJob(model, list_inputs([str(root / 's*.png')], out), out,
                  validation=validation).run(report=True)
    return re.sub(r'\s+', ' ', (out / 'report.html').read_text()), model


def test_page_and_table_tell_the_same(scans):
    page, _ = run(scans, 'none')
    rows = read_table(scans / 'out/phases_uncertainty.csv')
    assert [*rows[0]] == [part.name for part in fields(PhaseUncertainty)]
    for told in rows:
        numbers = {key: float(value) for key, value in told.items()
                   if key not in ('phase', 'correction')}
        assert '<td>{low_percent:.2f} to {high_percent:.2f}</td>'.format(
            **numbers) in page
        assert ('<td>{u_fields:.2f}</td><td>{u_model:.2f}</td>'
                '<td>{u_percent:.2f}</td><td>{coverage_factor:.2f}</td>'
                ).format(**numbers) in page
        assert '<td>{:+.2f} ({:+.2f} to {:+.2f})</td>'.format(*(
            numbers[f'bias_{key}'] for key in ('percent', 'low', 'high'))
            ) in page
    assert 'The model is biased, by more than chance explains' in page
    assert 'in 8 validated images' in page and 'Only 3 images' in page
    assert page.count('<tbody>') == page.count('</tbody>') == 3
    assert page.count('<div') == page.count('</div>')


def test_another_correction_predicts_nothing_anew(scans):
    run(scans, 'none')
    masks = {path: path.stat().st_mtime_ns
             for path in scans.glob('out/masks/*.png')}
    page, _ = run(scans, 'confusion')
    assert 'Fractions are corrected by the confusion matrix' in page
    assert 'is biased' not in page
    page, _ = run(scans)
    assert 'Where the intervals come from' not in page
    assert '--validation' in page  # how to get it
    assert not (scans / 'out/phases_uncertainty.csv').exists()
    assert masks == {path: path.stat().st_mtime_ns for path in masks}
