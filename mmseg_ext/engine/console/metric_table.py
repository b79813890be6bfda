"""A validation's metrics in a few aligned lines."""
import math
from collections.abc import Mapping, Sequence
from numbers import Real

# Those of one number for each class: name.class.
BY_CLASS = ('IoU', 'BoundaryIoU', 'Dice', 'Fscore', 'Precision', 'Recall',
            'Acc', 'ClassRatioError')
LINES = 20  # of more classes the worst are shown


def main_metrics(metrics: Mapping, wanted: Sequence[str] = ()) -> dict:
    """Pick the numbers that stand for all classes and groups of images.

    Args:
        metrics: Name -> value, as mmengine's evaluator returns them.
        wanted: Names to pick in any case, first.

    Returns:
        Name -> number.
    """
    names = [name for name in wanted if name in metrics]
    names += [
        name for name in metrics if name not in names
        # 'IoU.A' is a class's, 'nut.mIoU' a group's, 'category_mean.mIoU'
        # the groups' mean
        and ('.' not in name or name.split('.')[0].endswith('_mean'))
    ]
    return {name: metrics[name] for name in names
            if isinstance(metrics[name], Real)}


def metric_lines(metrics: Mapping,
                 classes: Sequence[str],
                 wanted: Sequence[str] = ()) -> list[str]:
    """Lay a validation's metrics out: the means, and a table of classes.

    Args:
        metrics: Name -> value.
        classes: Names of the classes.
        wanted: Names of means to show first.

    Returns:
        Lines without line ends.
    """
    means = [f'{name} {format_metric(value)}'
             for name, value in main_metrics(metrics, wanted).items()]
    columns = [name for name in BY_CLASS
               if classes and all(f'{name}.{label}' in metrics
                                  for label in classes)]
    lines = _wrap(means)
    if not columns:
        return lines
    order, note = list(classes), []
    if len(order) > LINES:
        order.sort(key=lambda label: _order(metrics[f'{columns[0]}.{label}']))
        note = [f'(the {LINES} of {len(order)} classes with the lowest '
                f'{columns[0]})']
        order = order[:LINES]
    cells = [['class', *order]] + [
        [name, *(format_metric(metrics[f'{name}.{label}']) for label in order)]
        for name in columns
    ]
    widths = [max(map(len, column)) for column in cells]
    for first, *rest in zip(*cells):
        lines.append('  '.join(
            [first.ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(rest, widths[1:])]))
    return lines + note


def _order(value: float) -> float:
    return math.inf if math.isnan(value) else value


def format_metric(value: Real) -> str:
    """Write a number as a table shows it, percents or a loss."""
    value = float(value)
    # a loss may be small, where percents are not
    return f'{value:.2g}' if 0 < abs(value) < 0.095 else f'{value:.2f}'


def _wrap(parts: Sequence[str], width: int = 77) -> list[str]:
    lines = ['']
    for part in parts:
        if lines[-1] and len(lines[-1]) + 2 + len(part) > width:
            lines.append('')
        lines[-1] += f'  {part}' if lines[-1] else part
    return [line for line in lines if line]
