"""Killed at any file event, labelling ends as if it had not been."""
import json

import cv2
import numpy as np
import pytest
from crash_states import crash_states, read_tree, write_tree

from mmseg_ext.basics import claimed_folder
from mmseg_ext.labeling.corrections import import_corrections
from mmseg_ext.labeling.label_folder import label_folder
from mmseg_ext.labeling.label_report import write_report
from mmseg_ext.labeling.label_store import LabelStore
from mmseg_ext.labeling.labeler import Proposal
from mmseg_ext.labeling.points import Point

SIZE = (24, 32)


def square(top: int, left: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top:top + 8, left:left + 8] = True
    return mask


def label_one(path: str) -> Proposal:
    image = cv2.imread(path)
    if image is None:
        raise ValueError(f'{path} cannot be read')
    quality = 0.9 if 'good' in path else 0.1
    return Proposal(image, 0.9, [Point(8, 8)], square(4, 4), quality, '')


@pytest.fixture
def images(tmp_path):
    paths = {}
    for name in ('good', 'good2', 'poor', 'poor2', 'clean', 'broken'):
        paths[name] = str(tmp_path / f'{name}.png')
        cv2.imwrite(paths[name], np.full((*SIZE, 3), 99, np.uint8))
    (tmp_path / 'broken.png').write_bytes(b'no image')
    return paths


@pytest.fixture
def place(tmp_path):
    (tmp_path / 'place').mkdir()
    return tmp_path / 'place'


@pytest.fixture
def label(images, place):
    def label():
        with claimed_folder(place / 'out'):
            store = LabelStore(place / 'out', dict(accept=0.5))
            label_folder(label_one, images, store,
                         {name: name != 'clean' for name in images})
            write_report(store)
    return label


@pytest.fixture
def correct(images, place):
    def correct():
        with claimed_folder(place / 'out'):
            store = LabelStore(place / 'out', dict(accept=0.5))
            import_corrections(store, images)
            write_report(store)
    return correct


def end_alike(job, place, least):
    begun = read_tree(place)
    states = crash_states(place, job)
    whole = read_tree(place)
    assert len(states) > least and whole != begun
    for state in states:
        write_tree(place, state)
        job()
        assert read_tree(place) == whole


@pytest.mark.slow
def test_killed_while_labelling(label, place):
    end_alike(label, place, 30)


@pytest.mark.slow
def test_killed_while_corrections_are_taken_over(label, correct, place):
    label()

    def edit(name, **changes):
        path = place / f'out/labelme/{name}.json'
        path.write_text(json.dumps(
            {**json.loads(path.read_text()), **changes}))

    drawn = dict(label='defect', shape_type='rectangle',
                 points=[[10, 10], [20, 15]])
    edit('good', shapes=[drawn])
    edit('good2', flags=dict(accepted=False))
    edit('poor', flags=dict(accepted=True))
    edit('poor2', shapes=[])
    end_alike(correct, place, 15)
