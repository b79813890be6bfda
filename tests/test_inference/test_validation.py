"""Uncertainty by a cross-validation: coverage, terms, what is refused."""
import json

import numpy as np
import pytest
from folds import write_folds
from scipy import stats
from threshold_model import ThresholdModel

from mmseg_ext.basics.out_of_fold import OutOfFold
from mmseg_ext.inference import Validation

STUDIES, PIXELS = 2000, 10**6
CLASSES = ('matrix', 'phase')


def confuse(rng, true: np.ndarray, found: float, invented: float,
            spread: float) -> np.ndarray:
    """Return (..., 2, 2) pixels, true by predicted, of images.

    A model finds a part of the phase, and some where there is none; both
    parts differ from image to image.

    Args:
        true: (...) fraction of the phase.
        found: Mean part of it that is found.
        invented: Mean part of the matrix that is taken for it.
        spread: How steady the model is: pseudo-observations of the parts.
    """
    hit, miss = (rng.beta(part * spread, (1 - part) * spread, true.shape)
                 for part in (found, invented))
    cells = np.stack([(1 - true) * (1 - miss), (1 - true) * miss,
                      true * (1 - hit), true * hit], -1)
    return np.rint(PIXELS * cells).astype(int).reshape(*true.shape, 2, 2)


def validation(confusion: np.ndarray, correction: str, groups=None,
               seeds=(0, ), per_seed=None) -> Validation:
    number = len(confusion)
    names = tuple(f'a{i}' for i in range(number))
    return Validation(None, OutOfFold(
        'unet.py', CLASSES, [[0, 0, 0]] * 2, seeds, names, (0, ) * number,
        groups or names,
        confusion[:, None] if per_seed is None else per_seed), correction)


@pytest.mark.parametrize('correction, n, m, found, invented, spread', [
    ('bias', 5, 24, 0.8, 0.1, 60),
    ('bias', 12, 12, 0.9, 0.15, 20),
    # a model that errs by more than images differ
    ('bias', 8, 18, 0.7, 0.2, 8),
    ('confusion', 10, 24, 0.8, 0.1, 60),
])
def test_95_percent_of_intervals_hold_the_truth(
        correction, n, m, found, invented, spread):
    mean, steady, held = 0.3, 15, 0
    rng = np.random.default_rng(0)
    true = rng.beta(mean * steady, (1 - mean) * steady, (STUDIES, n + m))
    confusion = confuse(rng, true, found, invented, spread)
    for study in confusion:
        fractions = study[:n].sum(1) / PIXELS
        _, row = validation(study[n:], correction).assess(fractions)
        held += row.low_percent <= 100 * mean <= row.high_percent
    assert 0.93 <= held / STUDIES <= 0.97
    assert row.correction == correction


def test_a_rare_phase_is_held_less_often():
    """As tools/README.md says, of two per cent in a few of the images."""
    rng = np.random.default_rng(2)
    true = rng.beta(0.02 * 30, 0.98 * 30, (STUDIES, 10 + 24))
    held = 0
    for study in confuse(rng, true, 0.8, 0.002, 60):
        _, row = validation(study[10:], 'bias').assess(
            study[:10].sum(1) / PIXELS)
        held += row.low_percent <= 2 <= row.high_percent
    assert 0.88 <= held / STUDIES <= 0.92


def test_unbiased_models_need_no_correction():
    """As predicted, the interval holds the truth at least as often."""
    rng = np.random.default_rng(1)
    true = rng.beta(5, 5, (STUDIES, 20))
    held = 0
    for study in confuse(rng, true, 0.85, 0.15, 30):
        _, row = validation(study[8:], 'none').assess(
            study[:8].sum(1) / PIXELS)
        held += row.low_percent <= 50 <= row.high_percent
    assert held / STUDIES >= 0.93


def study(n=6, m=9, seed=3):
    rng = np.random.default_rng(seed)
    confusion = confuse(rng, rng.beta(4, 8, n + m), 0.9, 0.2, 40)
    return confusion[:n].sum(1) / PIXELS, confusion[n:]


def test_terms_are_those_of_the_formula():
    """u^2 = s_fields^2 / n + s_e^2 (1 / n + 1 / m)."""
    fractions, confusion = study()
    errors = 100 * (confusion.sum(1) - confusion.sum(2))[:, 1] / PIXELS
    percent = 100 * fractions[:, 1]
    _, row = validation(confusion, 'bias').assess(fractions)
    s_e, s = errors.std(ddof=1), percent.std(ddof=1)
    assert s > s_e
    fields = (s**2 - s_e**2) / 6
    model = s_e**2 * (1 / 6 + 1 / 9)
    for found, expected in ((row.u_fields, fields), (row.u_model, model),
                            (row.u_percent, fields + model)):
        assert found == pytest.approx(np.sqrt(expected), rel=1e-4)
    assert row.fraction_percent == pytest.approx(
        percent.mean() - errors.mean(), rel=1e-4)
    assert (row.bias_low, row.bias_high) == pytest.approx(stats.t.interval(
        0.95, 8, errors.mean(), stats.sem(errors)), rel=1e-4)
    assert row.biased and row.describe_bias() == 'too much is found'
    assert (row.n, row.m) == (6, 9)


def test_correction_moves_the_value_and_not_the_uncertainty():
    fractions, confusion = study()
    plain, moved = (validation(confusion, kind).assess(fractions)[1]
                    for kind in ('none', 'bias'))
    assert plain.fraction_percent == plain.predicted_percent
    assert plain.u_percent == moved.u_percent
    assert plain.fraction_percent - moved.fraction_percent == (
        pytest.approx(plain.bias_percent))


def test_groups_count_once_and_seeds_as_one_model():
    fractions, confusion = study()
    once = validation(confusion, 'bias').assess(fractions)[1]
    twice = np.concatenate([confusion, confusion])
    names = tuple('abcdefghi')
    grouped = validation(twice, 'bias', names * 2).assess(fractions)[1]
    assert grouped.m == 9
    assert grouped.u_percent == pytest.approx(once.u_percent)
    seeds = validation(confusion, 'bias', seeds=(0, 1), per_seed=np.stack(
        [confusion, confusion], 1)).assess(fractions)[1]
    assert seeds.u_percent == pytest.approx(once.u_percent)


def test_one_image_has_the_models_error_and_no_interval():
    fractions, confusion = study(n=1)
    row = validation(confusion, 'none').assess(fractions)[1]
    errors = 100 * (confusion.sum(1) - confusion.sum(2))[:, 1] / PIXELS
    assert np.isnan([row.u_fields, row.u_percent, row.low_percent]).all()
    assert row.u_model == pytest.approx(
        errors.std(ddof=1) * np.sqrt(1 + 1 / 9), rel=1e-4)


def test_what_a_bias_leaves_stays_a_fraction():
    _, confusion = study()
    _, row = validation(confusion, 'bias').assess(
        np.array([[0.99, 0.01], [0.98, 0.02]]))
    assert row.below and row.fraction_percent == 0
    assert 0 == row.low_percent <= row.high_percent <= 100


@pytest.mark.parametrize('classes, words', [
    (('dark', 'bright', 'grey'), 'names and order must be the same'),
    (('dark', 'grey'), 'with the classes dark, grey; the model predicts '
     'dark, grey, bright')])
def test_other_classes_are_refused(tmp_path, classes, words):
    folder = write_folds(tmp_path / 'f', np.ones(
        (3, len(classes), len(classes)), int), classes)
    with pytest.raises(ValueError, match=words):
        Validation.read(folder, ThresholdModel.classes)


def test_what_is_no_finished_validation_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='--validation wants one'):
        Validation.read(tmp_path / 'nowhere', CLASSES)
    with pytest.raises(FileNotFoundError, match='it is no folder of'):
        Validation.read(tmp_path, CLASSES)
    folder = write_folds(tmp_path / 'f', np.ones((3, 2, 2), int), CLASSES)
    (folder / 'folds/fold_3.txt').write_text('a9\n')
    with pytest.raises(ValueError, match='fold 3 has no results'):
        Validation.read(folder, CLASSES)
    alike = write_folds(tmp_path / 'g', np.ones((3, 2, 2), int), CLASSES,
                        groups=['one'] * 3)
    with pytest.raises(ValueError, match='all belong together'):
        Validation.read(alike, CLASSES)


def test_what_speaks_against_it(tmp_path):
    folder = write_folds(tmp_path / 'f', np.tile(np.array(
        [[9, 0, 0], [1, 0, 0], [0, 0, 9]]), (4, 1, 1)),
        ThresholdModel.classes)
    found = Validation.read(folder, ThresholdModel.classes, 'confusion')
    model = ThresholdModel()
    model.details = dict(config='configs/dpt.py')
    lines = found.remarks(['deep/a1', 'new'], model)
    assert [start in line for start, line in zip((
        'cross-validated unet.py, and dpt.py predicts',
        '1 image has the name of a validated image, such as deep/a1',
        'grey: never predicted in the validation'), lines)] == [True] * 3
    model.details = dict(config='configs/unet.py')
    assert len(found.remarks(['new'], model)) == 1


def test_a_row_of_a_suite_is_known_by_its_config(tmp_path):
    folder = write_folds(tmp_path / 'f', np.tile(
        np.diag([9, 1, 9]), (4, 1, 1)), ThresholdModel.classes,
        config='U-Net')
    path = folder / 'cross_validation.json'
    path.write_text(json.dumps(dict(json.loads(path.read_text()),
                                    file='unet.py')))
    found = Validation.read(folder, ThresholdModel.classes)
    model = ThresholdModel()
    for config, said in (('unet.py', []), ('dpt.py', ['unet.py, and dpt.py'])):
        model.details = dict(config=f'configs/{config}')
        lines = found.remarks(['new'], model)
        assert len(lines) == len(said)
        assert all(words in line for words, line in zip(said, lines))
