"""The protocol of few-shot segmentation against pixels counted by hand."""
import numpy as np
import pytest
from colour_encoder import RED, colour_encoder, mask_of, picture
from scipy import stats

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.benchmark.few_shot import (
    MEASURES,
    TIMES,
    matcher_rows,
    measure,
    run_protocol,
    summarize,
    write_results,
)
from mmseg_ext.benchmark.few_shot_products import Product
from mmseg_ext.inference.few_shot import Labelled


def product(images: int = 4, good: int = 4) -> Product:
    def one(kind: str, i: int) -> Labelled:
        image = picture((RED, 8 * (i % 3), 8 * i, 16), seed=i)
        return Labelled(f'{kind}{i}', image, mask_of(image))
    return Product(
        {kind: [one(kind, i) for i in range(images)] for kind in 'xy'},
        [Labelled(f'good{i}', picture(seed=9 + i)) for i in range(good)])


def test_measures():
    rng = np.random.default_rng(0)
    queries, margins = [], {}
    for i in range(4):
        mask = (rng.random((6, 7)) < 0.3).astype(np.uint8)
        image = np.full((6, 7, 3), i, np.uint8)
        queries.append(Labelled(str(i), image, None if i > 1 else mask))
        margins[i] = np.round(rng.normal(size=(6, 7)), 1)
    found = measure(lambda image: margins[image[0, 0, 0]], queries)
    flat = np.concatenate([margins[i].ravel() for i in range(4)])
    truth = np.concatenate([
        np.zeros(42, bool) if one.mask is None else one.mask.ravel() > 0
        for one in queries])
    steps = []  # (recall, precision) from the highest score down
    for level in np.unique(flat)[::-1]:
        taken = flat >= level
        steps.append(((taken & truth).sum() / truth.sum(),
                      truth[taken].mean()))
    recalls = np.diff([0, *(recall for recall, _ in steps)])
    peaks = [margins[i].max() for i in range(4)]
    ious = [((flat > level) & truth).sum() / ((flat > level) | truth).sum()
            for level in np.unique(flat) - 0.05]
    assert found == pytest.approx({
        'IoU': 100 * ((flat > 0) & truth).sum() / ((flat > 0) | truth).sum(),
        'best IoU': 100 * max(ious),
        'pixel AP': 100 * recalls @ [one for _, one in steps],
        'image AUROC': 100 * np.mean([
            (peaks[i] > peaks[j]) + (peaks[i] == peaks[j]) / 2
            for i in (0, 1) for j in (2, 3)])})


def test_draws():
    shown, asked = [], []

    def learn(outlined, good):
        shown.append([one.name for one in (*outlined, *good)])
        asked.append(set())

        def margins(image):
            asked[-1].add(image.ctypes.data)
            return np.zeros(image.shape[:2])
        return margins, 0.5

    images = product()
    results = list(run_protocol(images, {'one': learn}, (1, 2), 3))
    assert [(one['shots'], one['draw'], one['kind']) for one in results] == [
        (k, draw, kind) for k in (1, 2) for draw in range(3) for kind in 'xy']
    names = {one.image.ctypes.data: one.name for one in (
        *images.kinds['x'], *images.kinds['y'], *images.good)}
    for result, supports, queries in zip(results, shown, asked):
        queries = {names[one] for one in queries}
        assert not queries & set(supports)
        wanted = {name for name in names.values()
                  if name.startswith((result['kind'], 'good'))}
        assert queries | set(supports) == wanted
        assert len(supports) == 2 * result['shots']
    again = []
    list(run_protocol(images, {'one': lambda outlined, good: (
        again.append([one.name for one in (*outlined, *good)])
        or (lambda image: np.zeros(image.shape[:2])), 0)}, (1, 2), 3))
    assert again == shown


def test_too_few():
    with pytest.raises(ValueError, match=r'shots=4: more .* 4 of x, 4 of y'):
        list(run_protocol(product(), {}, (4, )))
    few = product()
    del few.kinds['y'][2:]
    assert {one['kind'] for one in run_protocol(
        few, matcher_rows(colour_encoder(), ['dense']), (2, ), 1)} == {'x'}


def test_matchers_and_tables(tmp_path):
    results = list(run_protocol(
        product(), matcher_rows(colour_encoder(), ['dense', 'one-class']),
        (2, ), 2))
    table = write_results(tmp_path, results)
    assert '± ' in table
    rows = read_table(tmp_path / 'few_shot.csv')
    assert len(rows) == 2 * 2 * 2
    assert all(float(row['image AUROC']) == 100 for row in rows)
    assert sum(row['left-out IoU'] == '' for row in rows) == 4
    dense = [row for row in results if row['row'] == 'dense']
    draws = [np.mean([row['IoU'] for row in dense if row['draw'] == draw])
             for draw in range(2)]
    summary, = (one for one in summarize(results) if one['row'] == 'dense')
    assert summary['IoU'][0] == pytest.approx(np.mean(draws))
    assert summary['IoU'][0] > 50
    half = stats.t.ppf(0.975, 1) * np.std(draws, ddof=1) / np.sqrt(2)
    assert summary['IoU'][1] == pytest.approx(half)
    assert {*MEASURES, *TIMES} <= set(summary)
    assert all(summary[name][0] > 0 for name in TIMES)
