"""PerClassIoUMetric against intersections and unions counted by hand."""
import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric
from PIL import Image

from mmseg_ext.evaluation import PerClassIoUMetric

PRED = [[0, 0, 1, 1], [1, 0, 1, 1]]
TRUTH = [[0, 1, 1, 255], [0, 0, 1, 1]]


def evaluate(cls=PerClassIoUMetric, truth=TRUTH, paths=('a.png', ),
             pred=PRED, sample=None, **kwargs) -> dict:
    metric = cls(**kwargs)
    metric.dataset_meta = dict(classes=('A', 'B', 'C'))
    metric.process({}, [
        dict(
            sample or {},
            pred_sem_seg=dict(data=torch.tensor([pred])),
            gt_sem_seg=dict(data=torch.tensor([truth])),
            img_path=path) for path in paths
    ])
    return metric.evaluate(len(paths))


def write(output_dir, *samples) -> list:
    """Predict 2 x 4 pixels for each (img_path, output_name)."""
    metric = PerClassIoUMetric(output_dir=str(output_dir), format_only=True)
    metric.dataset_meta = dict(classes=('A', 'B', 'C'))
    metric.process({}, [
        dict(
            pred_sem_seg=dict(data=torch.tensor([PRED])),
            img_path=path,
            **({} if name is None else dict(output_name=name)))
        for path, name in samples
    ])
    return sorted(
        p.relative_to(output_dir).as_posix()
        for p in output_dir.rglob('*') if p.is_file())


def test_per_class_numbers():
    metrics = evaluate()
    # of the 7 labelled pixels: A 2 of 4 in the union, B 3 of 5
    assert metrics['IoU.A'] == 50.0
    assert metrics['IoU.B'] == 60.0
    assert np.isnan(metrics['IoU.C'])


@pytest.mark.parametrize('measures', ['mIoU', ['mIoU', 'mDice', 'mFscore']])
def test_means_are_those_of_the_stock_metric(measures):
    ours, stock = (
        evaluate(cls, iou_metrics=measures)
        for cls in (PerClassIoUMetric, IoUMetric))
    assert {key: ours[key] for key in stock} == pytest.approx(stock)


def test_areas_are_those_of_the_stock_metric():
    rng = torch.Generator().manual_seed(0)
    pred = torch.randint(0, 4, (50, 60), generator=rng)
    truth = torch.randint(0, 5, (50, 60), generator=rng)
    truth[truth == 4] = 255
    for first, second in ((pred, truth), (pred.float(), truth.float())):
        ours, stock = (
            cls.intersect_and_union(first, second, 4, 255)
            for cls in (PerClassIoUMetric, IoUMetric))
        for a, b in zip(ours, stock):
            assert a.tolist() == b.tolist()


def test_no_pixel_is_lost_in_a_large_set():
    metric = PerClassIoUMetric()
    metric.dataset_meta = dict(classes=('A', 'B'))
    truth = torch.tensor([0] * 1000)
    pred = torch.tensor([0] * 999 + [1])
    areas = metric.intersect_and_union(pred, truth, 2, 255)
    # a large image, then many in which 999 pixels are right, one is wrong
    large = tuple(2**25 * area for area in areas)
    pooled = tuple(sum(area) for area in zip(large, *[areas] * 999))
    for area, total in zip(areas, pooled):
        assert total.tolist() == ((2**25 + 999) * area).tolist()
    assert metric.compute_metrics([large, areas])['IoU.A'] == 99.9


def test_other_measures_get_scalars_too():
    metrics = evaluate(iou_metrics=['mDice', 'mFscore'])
    assert metrics['Dice.B'] == 75.0
    assert metrics['Fscore.B'] == 75.0
    # 3 of the 4 that are predicted, 3 of the 4 that there are
    assert metrics['Precision.B'] == metrics['Recall.B'] == 75.0
    # 2 of 3, 2 of 3
    assert metrics['Precision.A'] == metrics['Recall.A'] == 66.67
    assert np.isnan(metrics['Recall.C'])


def test_stock_drops_what_ours_refuses():
    truth = [[0, 1, 1, 7], [0, 0, 1, 1]]
    assert 'mIoU' in evaluate(IoUMetric, truth)
    with pytest.raises(ValueError, match=r'a\.png.*7 \(12\.5 %\)'):
        evaluate(truth=truth)


def test_predicted_class_that_the_data_set_does_not_have():
    pred = [[0, 1, 3, 0], [0, 0, 1, 1]]
    assert 'mIoU' in evaluate(IoUMetric, pred=pred)
    with pytest.raises(ValueError, match=r'a\.png holds class 3, .* has 3'):
        evaluate(pred=pred)


def test_predictions_are_written_but_never_over_each_other(tmp_path):
    evaluate(output_dir=str(tmp_path), paths=('x/a.png', 'x/b.png'))
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.png', 'b.png']
    with pytest.raises(ValueError, match=r'x/a\.png and y/a\.png'):
        evaluate(output_dir=str(tmp_path), paths=('x/a.png', 'y/a.png'))


@pytest.mark.parametrize('sample', [{}, dict(reduce_zero_label=True)])
def test_written_labels_are_those_of_the_stock_metric(tmp_path, sample):
    written = []
    for cls in (PerClassIoUMetric, IoUMetric):
        evaluate(cls, output_dir=str(tmp_path / cls.__name__), sample=sample)
        image = Image.open(tmp_path / cls.__name__ / 'a.png')
        assert image.mode == 'L'
        written.append(np.array(image).tolist())
    assert written[0] == written[1]


def test_output_name_tells_equal_base_names_apart(tmp_path):
    files = write(tmp_path, ('good/000.png', 'good/000'),
                  ('bent/000.png', 'bent/000'), ('other/000.png', None),
                  ('lot.png', 'lot1.5'))
    assert files == ['000.png', 'bent/000.png', 'good/000.png', 'lot1.5.png']
    assert np.array(Image.open(tmp_path / 'bent/000.png')).tolist() == PRED


@pytest.mark.parametrize('names', [('c/0', 'c/0'), ('c/0', 'c/d/../0'),
                                   ('0', None)])
def test_output_names_never_meet(tmp_path, names):
    with pytest.raises(ValueError, match=r'a/0\.png and b/0\.png would both'):
        write(tmp_path, ('a/0.png', names[0]), ('b/0.png', names[1]))


@pytest.mark.parametrize('name', ['/tmp/x', '../x', 'a/../../x', '', '.'])
def test_output_name_stays_in_the_folder(tmp_path, name):
    folder = tmp_path / 'out'
    with pytest.raises(ValueError, match='must be a relative path'):
        write(folder, ('a.png', name))
    assert [p.name for p in tmp_path.iterdir()] == ['out']


def test_format_only_needs_no_truth(tmp_path):
    assert evaluate(
        truth=[[9]], output_dir=str(tmp_path), format_only=True) == {}


def test_folders_below_the_images_are_kept(tmp_path):
    evaluate(output_dir=str(tmp_path), image_folders=['data/val'],
             paths=('data/val/A/01.png', 'data/val/B/01.png'))
    assert sorted(str(path.relative_to(tmp_path)) for path in
                  tmp_path.rglob('*.png')) == ['A/01.png', 'B/01.png']


def test_a_link_is_not_written_through(tmp_path):
    (tmp_path / 'thesis').write_text('mine')
    (tmp_path / 'a.png').symlink_to('thesis')
    evaluate(output_dir=str(tmp_path), paths=('x/a.png', 'x/b.png'))
    assert (tmp_path / 'thesis').read_text() == 'mine'
    assert not (tmp_path / 'a.png').is_symlink()
