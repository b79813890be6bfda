"""What is drawn of a training's numbers."""
import io

import pytest

from mmseg_ext.engine.curves import History
from mmseg_ext.engine.curves.figure import COLOURS, GREY, draw_curves

STEPS = list(range(1, 401))


def history_of(classes, *more: str) -> History:
    history = History(losses={
        'loss': (STEPS, [3.0] * 400), 'decode.loss_ce': (STEPS, [1.0] * 200 +
                                                         [2.0] * 200)})
    for i, step in enumerate((100, 200, 300, 400)):
        metrics = {f'{name}.{label}': 10.0 * j + i for j, label in enumerate(
            classes) for name in ('IoU', *more)}
        history.add(step, dict(metrics, mIoU=20.0 - i, val_loss=1.5,
                               ClassRatioError=1.0 + (i != 2)))
    return history


def lines_of(axes) -> dict:
    return {line.get_label(): line for line in axes.lines}


def test_losses_of_the_same_kind_stand_side_by_side():
    losses, *_ = draw_curves(history_of('ab'), 'ab').axes
    lines = lines_of(losses)
    assert set(lines) == {'training', 'training, all heads', 'validation'}
    steps, values = lines['training'].get_data()
    assert len(steps) < 100
    assert values[0] == 1 and values[-1] == 2
    assert steps.mean() == pytest.approx(200.5, abs=5)
    assert list(lines['validation'].get_xdata()) == [100, 200, 300, 400]


def test_measures_of_each_class():
    _, iou, ratio = draw_curves(
        history_of('ab', 'ClassRatioError'), 'ab').axes
    lines = lines_of(iou)
    assert list(lines['b'].get_ydata()) == [10, 11, 12, 13]
    assert list(lines['mean'].get_ydata()) == [20, 19, 18, 17]
    assert iou.get_title(loc='right') == 'best mean 20.00 at 100'
    assert ratio.get_title(loc='right') == 'best mean 1.00 at 300'


def test_the_worst_of_many_classes_have_colours():
    names = [f'class {i}' for i in range(9)]
    _, iou = draw_curves(history_of(names), names).axes
    lines = lines_of(iou)
    coloured = [name for name in names if name in lines
                and lines[name].get_color() in COLOURS]
    assert coloured == names[:6]
    assert [text.get_text() for text in iou.get_legend().get_texts()] == [
        '3 more classes', *names[:6], 'mean']
    assert sum(line.get_color() == GREY for line in iou.lines) == 3


def test_names_that_are_no_formulas_and_numbers_of_no_class():
    draw_curves(history_of(['$x_', '_a']), ['$x_', '_a']).savefig(io.BytesIO())
    history = History()
    history.add(5, {'accuracy/top1': 90.0})
    _, plain = draw_curves(history, ('a', 'b'), ['accuracy/top1']).axes
    assert list(lines_of(plain)) == ['accuracy/top1']
    draw_curves(History()).savefig(io.BytesIO())
