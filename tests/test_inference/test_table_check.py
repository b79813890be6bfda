"""Tables that two jobs or a person have broken are refused by name."""
import cv2
import numpy as np
import pytest
from threshold_model import ThresholdModel

from mmseg_ext.inference import PredictionJob, list_inputs


@pytest.fixture
def run(tmp_path):
    for name, level in (('a', 0), ('b', 100)):
        cv2.imwrite(str(tmp_path / f'{name}.png'),
                    np.full((9, 12), level, np.uint8))
    weights = tmp_path / 'levels.txt'
    weights.write_text('0 100 250')

    def run():
        out = tmp_path / 'out'
        return PredictionJob(
            ThresholdModel(weights), list_inputs([str(tmp_path / '*.png')],
                                                 out), out,
            um_per_pixel=1.0).run()
    return run


@pytest.mark.parametrize(('table', 'change', 'found'), [
    ('phases', lambda lines: [*lines, *lines[1:4]], 'a has the 6 lines'),
    ('phases', lambda lines: [*lines[:1], *lines[2:]], 'a has the 2 lines'),
    ('phases', lambda lines: [*lines[:1], *lines[2:4], lines[1], *lines[4:]],
     'a has the 3 lines grey, bright, dark'),
    ('phases', lambda lines: [lines[0], 'a,dark,x,1\n', *lines[2:]],
     "a has 'x' for fraction_percent"),
    ('phases', lambda lines: [lines[0], 'a,dark\n', *lines[2:]],
     'line 2: it has 2 cells'),
    ('phases', lambda lines: ['image,phase\n', *lines[1:]],
     'must have the columns'),
    ('images', lambda lines: [*lines, lines[1]], 'a stands there twice'),
    ('images', lambda lines: [lines[0], lines[1].replace(',9,12,', ',9,,')],
     "a has '' for width"),
    ('features', lambda lines: [*lines, lines[1]],
     'a has the feature 1 where 2 is expected'),
    ('features', lambda lines: [lines[0], lines[1].replace('dark', 'rust')],
     'a has a feature of rust'),
    ('features', lambda lines: [lines[0], lines[1].replace('108', 'many', 1)],
     "a has 'many' for area_pixels"),
])
def test_what_does_not_fit_is_named(run, tmp_path, table, change, found):
    run()
    path = tmp_path / f'out/{table}.csv'
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join(change(lines)))
    with pytest.raises(ValueError, match=found) as caught:
        run()
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('content', ['[1]', '{"settings": []}', '{', '\xff'])
def test_another_record_is_named(run, tmp_path, content):
    run()
    (tmp_path / 'out/run.json').write_bytes(content.encode('latin-1'))
    with pytest.raises(ValueError, match=r'run\.json is no record of pred'):
        run()
