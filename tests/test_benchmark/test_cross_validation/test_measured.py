"""What is counted of finished runs, against the definition."""
import json

import cv2
import numpy as np
import pytest
from scipy import ndimage

from mmseg_ext.benchmark.cross_validation.measured import Measured, measure
from mmseg_ext.benchmark.cross_validation.pool import Pool
from mmseg_ext.benchmark.cross_validation.report import summarize
from mmseg_ext.planning import Folds

CLASSES = ('matrix', 'pore')
PALETTE = [[0, 0, 0], [255, 0, 0]]
SIZES = dict(a=(50, 70), b=(64, 48))  # 2 % of the diagonals: 2 pixels


@pytest.fixture(scope='module')
def masks():
    """Image -> true and predicted class ids, 255 where there is no label."""
    rng = np.random.default_rng(0)
    found = {}
    for name, size in SIZES.items():
        fields = ndimage.gaussian_filter(rng.normal(size=(3, *size)),
                                         (0, 4, 4))
        truth = (fields[0] > 0).astype(np.uint8)
        pred = (fields[0] + 0.3 * fields[1] > 0).astype(np.uint8)
        truth[fields[2] > 0.06] = 255
        found[name] = truth, pred
    return found


@pytest.fixture
def measured(masks, tmp_path):
    samples = {}
    for fold, (name, (truth, pred)) in enumerate(masks.items()):
        run = tmp_path / f'runs/fold_{fold + 1}/seed_0'
        (run / 'masks').mkdir(parents=True)
        (run / 'result.json').write_text(json.dumps({}))
        path = str(tmp_path / f'{name}.png')
        cv2.imwrite(path, truth)
        cv2.imwrite(str(run / f'masks/{name}.png'), pred)
        samples[name] = dict(
            seg_map_path=path, palette=PALETTE, classes=CLASSES,
            label_map=None, ignore_index=255, ignore_colors=())
    folds = Folds(tuple((name, ) for name in masks),
                  {name: name for name in masks})
    return measure(tmp_path, 'a.py', Pool(samples, ('', ''), CLASSES, PALETTE),
                   folds, [0], [], lambda *_: None)


def near(labels: np.ndarray, class_id: int, labelled: np.ndarray
         ) -> np.ndarray:
    """Pixels of a class within 2 of another one, or of what is beyond."""
    others = np.pad(labelled & (labels != class_id), 2, constant_values=True)
    grown = ndimage.binary_dilation(others, np.ones((3, 3)), iterations=2)
    return (labels == class_id) & labelled & grown[2:-2, 2:-2]


def counts(masks, class_id: int) -> list[list[int]]:
    """Intersection and union of each image."""
    found = []
    for truth, pred in masks.values():
        one, other = (near(labels, class_id, truth != 255)
                      for labels in (truth, pred))
        found.append([(one & other).sum(), (one | other).sum()])
    return found


def test_boundaries_of_two_images(masks, measured, tmp_path):
    images = np.array([counts(masks, k) for k in (0, 1)])
    assert images[..., 0].min() > 50  # there is something to count
    both, either = np.moveaxis(images, -1, 0)  # (classes, images)
    expected = 100 * both.sum(1) / either.sum(1)
    np.testing.assert_allclose(summarize(measured).boundary_iou,
                               [*expected, expected.mean()])
    each = (both / either).T
    np.testing.assert_allclose(
        measured.image_boundary_iou,
        np.column_stack([each, each.mean(1)]))
    measured.write(tmp_path)
    again = Measured.read(tmp_path)
    np.testing.assert_array_equal(again.boundaries, measured.boundaries)


def test_two_images_have_an_interval(measured):
    found = summarize(measured)
    for value, (low, high, _) in zip(found.boundary_iou,
                                     found.boundary_intervals):
        assert low <= value <= high
    for cell in ('boundary IoU (%)', f'{found.boundary_iou[0]:.2f}'):
        assert cell in found.text()
