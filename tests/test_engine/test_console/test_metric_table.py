"""A validation's numbers as lines."""
import math

import torch

from mmseg_ext.engine.console.metric_table import main_metrics, metric_lines


def test_means_then_classes():
    metrics = {
        'aAcc': 91.5, 'mIoU': 84.7, 'IoU.matrix': 83.89, 'IoU.Gefüge': 8.0,
        'Acc.matrix': 90.84, 'Acc.Gefüge': math.nan, 'ClassRatioError': 1.984,
        'ClassRatioBias.matrix': 1.0, 'ClassRatioBias.Gefüge': 1.0,
    }
    assert metric_lines(metrics, ['matrix', 'Gefüge'], ['mIoU']) == [
        'mIoU 84.70  aAcc 91.50  ClassRatioError 1.98',
        'class     IoU    Acc',
        'matrix  83.89  90.84',
        'Gefüge   8.00    nan',
    ]


def test_groups_are_left_out_and_their_mean_is_not():
    metrics = {'nut.mIoU': 1.0, 'category_mean.mIoU': 2.0, 'mIoU': 3.0,
               'nut.IoU.anomaly': 4.0}
    assert main_metrics(metrics) == {'category_mean.mIoU': 2.0, 'mIoU': 3.0}
    assert list(main_metrics(metrics, ['nut.IoU.anomaly'])) == [
        'nut.IoU.anomaly', 'category_mean.mIoU', 'mIoU']


def test_a_classifier_has_no_table_of_classes():
    metrics = {'AP': 97.123, 'single-label/precision': torch.ones(2),
               'loss': 0.0123}
    assert metric_lines(metrics, ['clean', 'defective']) == [
        'AP 97.12  loss 0.012']


def test_of_many_classes_the_worst():
    classes = [f'c{i}' for i in range(150)]
    metrics = {f'IoU.{name}': float((i * 7) % 150)
               for i, name in enumerate(classes)}
    metrics['IoU.c3'] = math.nan
    lines = metric_lines(metrics, classes)
    assert len(lines) == 22
    assert lines[1].split() == ['c0', '0.00']
    assert lines[-1] == ('(the 20 of 150 classes with the lowest IoU)')
    assert [float(line.split()[1]) for line in lines[1:-1]] == [
        float(i) for i in range(21) if i != 21 % 150][:20]


def test_no_line_is_long():
    metrics = {f'measure_number_{i}': 1.0 for i in range(20)}
    lines = metric_lines(metrics, [])
    assert max(map(len, lines)) <= 77
    assert sum(line.count('measure') for line in lines) == 20
