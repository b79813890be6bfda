"""PerClassIoUMetric against intersections and unions counted by hand."""
import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric

from mmseg_ext.evaluation import PerClassIoUMetric

PRED = [[0, 0, 1, 1], [1, 0, 1, 1]]
TRUTH = [[0, 1, 1, 255], [0, 0, 1, 1]]


def evaluate(cls=PerClassIoUMetric, truth=TRUTH, paths=('a.png', ),
             **kwargs) -> dict:
    metric = cls(**kwargs)
    metric.dataset_meta = dict(classes=('A', 'B', 'C'))
    metric.process({}, [
        dict(
            pred_sem_seg=dict(data=torch.tensor([PRED])),
            gt_sem_seg=dict(data=torch.tensor([truth])),
            img_path=path) for path in paths
    ])
    return metric.evaluate(len(paths))


def test_per_class_numbers():
    metrics = evaluate()
    # of the 7 labelled pixels: A 2 of 4 in the union, B 3 of 5
    assert metrics['IoU.A'] == 50.0
    assert metrics['IoU.B'] == 60.0
    assert np.isnan(metrics['IoU.C'])


def test_means_are_those_of_the_stock_metric():
    ours, stock = evaluate(), evaluate(IoUMetric)
    assert {key: ours[key] for key in stock} == stock


def test_other_measures_get_scalars_too():
    metrics = evaluate(iou_metrics=['mDice', 'mFscore'])
    assert metrics['Dice.B'] == 75.0
    assert metrics['Fscore.B'] == 75.0


def test_stock_drops_what_ours_refuses():
    truth = [[0, 1, 1, 7], [0, 0, 1, 1]]
    assert 'mIoU' in evaluate(IoUMetric, truth)
    with pytest.raises(ValueError, match=r'a\.png.*7 \(12\.5 %\)'):
        evaluate(truth=truth)


def test_predictions_are_written_but_never_over_each_other(tmp_path):
    evaluate(output_dir=str(tmp_path), paths=('x/a.png', 'x/b.png'))
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.png', 'b.png']
    with pytest.raises(ValueError, match=r'x/a\.png and y/a\.png'):
        evaluate(output_dir=str(tmp_path), paths=('x/a.png', 'y/a.png'))


def test_format_only_needs_no_truth(tmp_path):
    assert evaluate(
        truth=[[9]], output_dir=str(tmp_path), format_only=True) == {}
