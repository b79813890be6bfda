"""Boundary IoU against its definition by loops, and the original's steps."""
import re

import cv2
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from scipy import ndimage

from mmseg_ext.evaluation import boundary_iou, count_boundaries
from mmseg_ext.evaluation.boundary_iou import boundary_of, boundary_width

IGNORE = 255


def blobs(seed: int, height: int = 41, width: int = 57,
          num_classes: int = 3, ignored: float = 0.0) -> np.ndarray:
    """Draw smooth regions, and spots without a label."""
    rng = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(
        rng.normal(size=(num_classes, height, width)), (0, 3, 3))
    labels = fields.argmax(0)
    spots = ndimage.gaussian_filter(rng.normal(size=labels.shape), 2)
    labels[spots < np.quantile(spots, ignored)] = IGNORE
    return labels


def near_contour(labels: np.ndarray, class_id: int, depth: int,
                 ignored: np.ndarray) -> set:
    """Labelled pixels of a class within ``depth`` of what is not of it."""
    height, width = labels.shape
    found = set()
    for y, x in zip(*np.nonzero((labels == class_id) & ~ignored)):
        for v in range(y - depth, y + depth + 1):
            for u in range(x - depth, x + depth + 1):
                beyond = not (0 <= v < height and 0 <= u < width)
                if beyond or (not ignored[v, u]
                              and labels[v, u] != class_id):
                    found.add((y, x))
    return found


def definition(pairs, num_classes: int, dilation: float) -> list[float]:
    """|(G_d & G) & (P_d & P)| / |(G_d & G) | (P_d & P)|, sums over images."""
    values = []
    for class_id in range(num_classes):
        both = either = 0
        for pred, truth in pairs:
            diagonal = (truth.shape[0]**2 + truth.shape[1]**2)**0.5
            depth = max(1, round(dilation * diagonal))
            ignored = truth == IGNORE
            of_pred, of_truth = (
                near_contour(labels, class_id, depth, ignored)
                for labels in (pred, truth))
            both += len(of_pred & of_truth)
            either += len(of_pred | of_truth)
        values.append(both / either if either else np.nan)
    return values


def original(mask: np.ndarray, depth: int) -> np.ndarray:
    """What the published code does with one class's mask."""
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=depth)
    return mask - eroded[1:-1, 1:-1]


@pytest.mark.parametrize('dilation', [0.02, 0.08])
@pytest.mark.parametrize('ignored', [0.0, 0.2])
def test_equals_the_definition(dilation, ignored):
    pairs = [(blobs(seed, 25, 34), blobs(seed + 10, 25, 34, ignored=ignored))
             for seed in (0, 1)]
    counts = sum(count_boundaries(*pair, 4, dilation) for pair in pairs)
    np.testing.assert_allclose(
        boundary_iou(counts), definition(pairs, 4, dilation))
    assert np.isnan(boundary_iou(counts)[3])


@pytest.mark.parametrize('shape', [(41, 57), (200, 300), (3, 400), (1, 1)])
def test_regions_are_those_of_the_original(shape):
    labels, depth = blobs(0, *shape), boundary_width(*shape)
    near = boundary_of(labels, depth)
    for class_id in range(3):
        mask = (labels == class_id).astype(np.uint8)
        np.testing.assert_array_equal(near & (mask > 0),
                                      original(mask, depth) > 0)


@pytest.mark.parametrize(('shape', 'depth'), [
    ((300, 400), 10), ((480, 640), 16), ((10, 10), 1), ((75, 100), 2)])
def test_width_is_a_fraction_of_the_diagonal(shape, depth):
    assert boundary_width(*shape) == depth


def test_more_classes_than_a_byte_holds():
    labels = blobs(0)
    few, many = (count_boundaries(labels + shift, labels[::-1] + shift, 303,
                                  ignore_index=999)
                 for shift in (0, 300))
    np.testing.assert_array_equal(few[:, :3], many[:, 300:])


def test_what_is_predicted_without_a_label_has_no_influence():
    truth, pred = blobs(0, ignored=0.3), blobs(1)
    other = np.where(truth == IGNORE, 2, pred)
    assert (other != pred).any()
    np.testing.assert_array_equal(count_boundaries(pred, truth, 3),
                                  count_boundaries(other, truth, 3))


def test_the_border_of_an_ignored_region_is_no_boundary():
    truth = np.zeros((60, 60), int)
    truth[20:40, 20:40] = IGNORE
    pred = np.zeros_like(truth)
    pred[25:35, 25:35] = 1  # all of it ignored
    frame = 60**2 - (60 - 2 * 2)**2  # 0.02 * 84.9 pixels, all around
    assert count_boundaries(pred, truth, 2).tolist() == [[frame, 0]] * 3


def evaluate(pairs, **kwargs) -> dict:
    init_default_scope('mmseg')
    evaluator = Evaluator([dict(type='IoUMetric'),
                           dict(type='BoundaryIoUMetric', **kwargs)])
    evaluator.dataset_meta = dict(classes=('A', 'B', 'C', 'D'))
    for pred, truth in pairs:
        evaluator.process([dict(
            pred_sem_seg=dict(data=torch.from_numpy(pred)[None]),
            gt_sem_seg=dict(data=torch.from_numpy(truth)[None]),
            seg_map_path='masks/val/x.png')])
    return evaluator.evaluate(len(pairs))


def test_metric_beside_the_stock_one():
    pairs = [(blobs(seed), blobs(seed + 10)) for seed in (0, 1)]
    metrics = evaluate(pairs)
    values = definition(pairs, 4, 0.02)
    for label, value in zip('ABC', values):
        assert metrics[f'BoundaryIoU.{label}'] == round(100 * value, 2)
    assert np.isnan(metrics['BoundaryIoU.D'])
    assert metrics['mBoundaryIoU'] == round(100 * np.mean(values[:3]), 2)
    assert metrics['mBoundaryIoU'] < metrics['mIoU']
    assert evaluate([(pred, pred) for pred, _ in pairs])['mBoundaryIoU'] == 100


def test_values_outside_the_classes_are_named():
    good, bad = blobs(0), blobs(0) + 3
    with pytest.raises(ValueError, match=re.escape('masks/val/x.png holds')):
        evaluate([(good, bad)])
    with pytest.raises(ValueError, match='holds class 5'):
        evaluate([(bad, good)])


def test_dilation_is_not_negative():
    with pytest.raises(ValueError, match='dilation=-1: must be at least 0'):
        evaluate([], dilation=-1)
