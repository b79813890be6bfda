"""GroupedIoUMetric against IoU counted group by group."""
import pickle
import re

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_ext.evaluation import (
    GroupedIoUMetric,
    grouped_iou,
)
from mmseg_ext.evaluation._grouping import group_table

CLASSES = ('background', 'anomaly')


def sample_of(pred, truth, **keys) -> SegDataSample:
    sample = SegDataSample(metainfo=dict(img_path='x/a.png', **keys))
    sample.pred_sem_seg = PixelData(data=torch.tensor(pred).view(1, 1, -1))
    sample.gt_sem_seg = PixelData(data=torch.tensor(truth).view(1, 1, -1))
    return sample


def evaluate(samples, type='GroupedIoUMetric', classes=CLASSES,
             **kwargs) -> dict:
    init_default_scope('mmseg')
    evaluator = Evaluator(dict(type=type, **kwargs))
    evaluator.dataset_meta = dict(classes=classes)
    for sample in samples:
        evaluator.process([sample])
    return evaluator.evaluate(len(samples))


def random_set(num_classes: int = 3) -> list:
    """(pred, truth, category) of seven images; every class everywhere."""
    rng = np.random.default_rng(0)
    images = []
    for i in range(7):
        truth = rng.integers(0, num_classes, 200)
        pred = np.where(
            rng.random(200) < 0.6, truth, rng.integers(0, num_classes, 200))
        truth[rng.random(200) < 0.1] = 255
        images.append((pred, truth, ('wood', 'tile', 'grid')[i % 3]))
    return images


def by_hand(images, num_classes: int) -> dict:
    """IoU, Dice and F2 of every class, from true and false positives."""
    pred, truth = (np.concatenate(arrays) for arrays in zip(*images))
    pred, truth = pred[truth != 255], truth[truth != 255]
    values = dict(IoU=[], Dice=[], Fscore=[])
    for c in range(num_classes):
        tp = int(((pred == c) & (truth == c)).sum())
        fp = int(((pred == c) & (truth != c)).sum())
        fn = int(((pred != c) & (truth == c)).sum())
        values['IoU'].append(100 * tp / (tp + fp + fn))
        values['Dice'].append(100 * 2 * tp / (2 * tp + fp + fn))
        values['Fscore'].append(100 * 5 * tp / (5 * tp + 4 * fn + fp))
    return values


def test_groups_their_mean_and_the_pool():
    images, classes = random_set(), ('A', 'B', 'C')
    samples = [sample_of(p, t, category=c) for p, t, c in images]
    metrics = evaluate(
        samples,
        classes=classes,
        iou_metrics=['mIoU', 'mDice', 'mFscore'],
        beta=2)
    groups = {
        name: by_hand([(p, t) for p, t, c in images if c == name], 3)
        for name in ('wood', 'tile', 'grid')
    }
    groups['category_mean'] = {
        key: np.mean([values[key] for values in groups.values()], axis=0)
        for key in ('IoU', 'Dice', 'Fscore')
    }
    expected = {}
    for name, values in groups.items():
        for key, numbers in values.items():
            expected[f'{name}.m{key}'] = np.mean(numbers)
            for label, number in zip(classes, numbers):
                expected[f'{name}.{key}.{label}'] = number
    grouped = {key: metrics.pop(key) for key in expected}
    assert grouped == pytest.approx(expected, abs=0.0051)
    assert metrics == evaluate(
        samples,
        'PerClassIoUMetric',
        classes=classes,
        iou_metrics=['mIoU', 'mDice', 'mFscore'],
        beta=2)
    pooled = by_hand([(p, t) for p, t, _ in images], 3)
    assert metrics['IoU.B'] == pytest.approx(pooled['IoU'][1], abs=0.0051)


def test_groups_are_pooled_not_averaged_over_images():
    metrics = evaluate([
        sample_of([1, 0, 0, 0], [1, 0, 0, 0], category='a'),
        sample_of([1, 1, 1, 0], [0, 0, 0, 0], category='a'),
    ])
    assert metrics['a.IoU.anomaly'] == 25.0  # not (100 + 0) / 2


def test_nan_is_left_out_and_false_positives_are_zero():
    metrics = evaluate([
        sample_of([0, 1, 1, 0], [0, 1, 0, 0], category='a'),  # 2/3, 1/2
        sample_of([0, 0, 0, 0], [0, 0, 0, 0], category='b'),  # 1, nan
        sample_of([0, 0, 0, 1], [0, 0, 0, 0], category='c'),  # 3/4, 0
    ])
    assert metrics['a.mIoU'] == 58.33
    assert np.isnan(metrics['b.IoU.anomaly'])
    assert metrics['b.mIoU'] == 100.0
    assert metrics['c.IoU.anomaly'] == 0.0
    assert metrics['c.mIoU'] == 37.5
    assert metrics['category_mean.IoU.anomaly'] == 25.0
    assert metrics['category_mean.IoU.background'] == 80.56
    assert metrics['category_mean.mIoU'] == 65.28


def test_table_says_how_many_groups_count():
    groups = {'b': {'IoU': float('nan')}, 'a': {'IoU': 50.0}}
    table = group_table('title', 'lot', ['b', 'a', 'b'], groups, {'IoU': 60.0})
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in table.splitlines() if '|' in line]
    assert rows == [
        ['title'],
        ['group', 'images', 'IoU'],
        ['a', '1', '50.00'],
        ['b', '2', '-'],
        ['lot_mean', '', '50.00 (1 of 2)'],
        ['pooled', '3', '60.00'],
    ]


def test_class_that_occurs_nowhere_is_nan_everywhere():
    metrics = evaluate([sample_of([0, 0], [0, 255], category='a')])
    for name in ('a', 'category_mean'):
        assert np.isnan(metrics[f'{name}.IoU.anomaly'])
        assert metrics[f'{name}.mIoU'] == 100.0


def test_unlabelled_group_has_no_numbers():
    metrics = evaluate([
        sample_of([0, 1], [255, 255], category='a'),
        sample_of([0, 1], [0, 1], category='b')
    ])
    assert np.isnan(metrics['a.mIoU'])
    assert metrics['category_mean.mIoU'] == 100.0


def test_missed_class_has_fscore_zero_not_nan():
    metrics = evaluate([sample_of([0, 0], [0, 1], category='a')],
                       iou_metrics=['mFscore'])
    assert metrics['a.Fscore.anomaly'] == 0.0
    assert metrics['a.mFscore'] == 33.33
    assert np.isnan(metrics['Fscore.anomaly'])  # stock mmseg's


def test_nan_to_num_holds_for_groups():
    metrics = evaluate([sample_of([0, 0], [0, 0], category='a')], nan_to_num=0)
    assert metrics['a.IoU.anomaly'] == 0.0
    assert metrics['category_mean.mIoU'] == 50.0


def test_any_key_can_group():
    metrics = evaluate(
        [sample_of([0, 1], [0, 1], lot=lot) for lot in (7, 12)],
        group_key='lot')
    assert metrics['7.mIoU'] == metrics['lot_mean.mIoU'] == 100.0


def test_sample_without_the_key():
    with pytest.raises(
            ValueError,
            match=r"x/a\.png has no 'category': add it to meta_keys of "
            'PackSegInputs'):
        evaluate([sample_of([0, 1], [0, 1], lot='a')])


@pytest.mark.parametrize('group', [None, '', 1.5, ['a']])
def test_group_that_is_no_name(group):
    with pytest.raises(
            ValueError, match=re.escape(f'category={group!r} of x/a.png')):
        evaluate([sample_of([0, 1], [0, 1], category=group)])


@pytest.mark.parametrize('group',
                         ['mIoU', 'IoU', 'aAcc', 'category_mean', 'pooled'])
def test_group_named_like_a_result(group):
    with pytest.raises(ValueError, match=f"category='{group}'.*own results"):
        evaluate([sample_of([0, 1], [0, 1], category=group)])


def test_groups_and_classes_whose_names_meet():
    with pytest.raises(ValueError, match=r"'a\.IoU\.IoU\.x'"):
        evaluate([
            sample_of([0, 1], [0, 1], category='a'),
            sample_of([0, 1], [0, 1], category='a.IoU')
        ], classes=('x', 'IoU.x'))


def test_one_picklable_result_for_each_sample():
    metric = GroupedIoUMetric()
    metric.dataset_meta = dict(classes=CLASSES)
    samples = [
        sample_of(p, t, category=c).to_dict() for p, t, c in [
            ([0, 1], [0, 1], 'a'),
            ([0, 0], [255, 255], 'b'),
            ([0, 1], [0, 0], 'b'),
        ]
    ]
    metric.process({}, samples[:2])
    metric.process({}, samples[2:])
    assert len(metric.results) == 3
    results = pickle.loads(pickle.dumps(metric.results))
    # as two processes would give them back: padded, in any order
    shuffled = [results[i] for i in (2, 0, 1)]
    np.testing.assert_equal(
        metric.compute_metrics(shuffled), metric.evaluate(3))


def test_predictions_are_written_by_output_name(tmp_path):
    samples = [
        sample_of([0, 1], [0, 1], category=c, output_name=f'{c}/test/good/0')
        for c in 'ab'
    ]
    evaluate(samples, output_dir=str(tmp_path))
    assert (tmp_path / 'a/test/good/0.png').is_file()
    assert (tmp_path / 'b/test/good/0.png').is_file()


def test_format_only_needs_neither_truth_nor_group(tmp_path):
    sample = sample_of([0, 1], [0, 1])
    del sample.gt_sem_seg
    metrics = evaluate([sample], output_dir=str(tmp_path), format_only=True)
    assert metrics == {}
    assert (tmp_path / 'a.png').is_file()


def test_pure_function_refuses_what_does_not_fit():
    areas = np.ones((2, 4, 2))
    with pytest.raises(ValueError, match='2 images and 1 groups'):
        grouped_iou(areas, ['a'])
    with pytest.raises(ValueError, match="measure='mIoU'"):
        grouped_iou(areas, ['a', 'b'], 'mIoU')
