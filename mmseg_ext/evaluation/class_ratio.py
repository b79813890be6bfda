"""Class-ratio error: how far the predicted phase fractions are off."""
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable
from torch import Tensor

from mmseg_ext.basics import confidence_interval
from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.basics.phase_fractions import describe_limits, write_interval

from .confusion import count_pairs
from .labels import checked_labels

AGGREGATES = ('image', 'dataset')


def count_classes(pred: Tensor,
                  truth: Tensor,
                  num_classes: int,
                  ignore_index: int = 255) -> np.ndarray:
    """Count the pixels of each class in a prediction and its ground truth.

    Pixels that the ground truth ignores are counted on neither side.

    Args:
        pred: Predicted class ids, any shape.
        truth: True class ids or ``ignore_index``, same shape.
        num_classes: Number of classes.
        ignore_index: Value of pixels without a label.

    Returns:
        (2, num_classes) int64: predicted and true counts.
    """
    pairs = count_pairs(pred, truth, num_classes, ignore_index)
    return np.stack([pairs.sum(0).numpy(), pairs.sum(1).numpy()])


@dataclass(frozen=True)
class PhaseReport:
    """Phase fractions of a set of images; all fields (num_classes,).

    Attributes:
        error: Absolute error of the fraction, in percentage points.
        bias: Predicted minus true fraction, in percentage points.
        true: Mean true fraction, in percent.
        pred: Mean predicted fraction, in percent.
        true_ci95: Half width of the 95 % confidence interval of the mean
            true fraction over images, in percentage points; nan for fewer
            than two images.
        pred_ci95: The same of the predicted fraction.
    """
    error: np.ndarray
    bias: np.ndarray
    true: np.ndarray
    pred: np.ndarray
    true_ci95: np.ndarray
    pred_ci95: np.ndarray


def phase_report(counts: np.ndarray, aggregate: str = 'image') -> PhaseReport:
    """Compare predicted with true phase fractions over a set of images.

    e_c = |predicted fraction of c - true fraction of c| * 100, for each
    image, then averaged over images (``aggregate='image'``). The mean over
    classes is the paper's class ratio; it is an error, lower is better,
    although the text says the opposite, and lies between 0 and 200 / N.

    It does not see where a phase is: a prediction with two halves swapped
    has error 0 and IoU 0. Read it beside mIoU.

    Args:
        counts: (num_images, 2, num_classes), see :func:`count_classes`;
            every image has at least one labelled pixel.
        aggregate: 'image': mean over images of the error and the
            fractions; 'dataset': of all pixels pooled, where errors of
            opposite sign cancel.

    Raises:
        ValueError: If there are no images, an image has no labelled pixel,
            or ``aggregate`` is unknown.

    Reference:
        Byeon et al., 2025, equations 5 and 6, with the pixel value read as
        the indicator of class c.
    """
    check_choice('aggregate', aggregate, AGGREGATES)
    counts = np.asarray(counts, np.float64)
    if not len(counts) or (counts.sum(axis=2) == 0).any():
        raise ValueError('Phase fractions need at least one image, and a '
                         'labelled pixel in each.')
    fractions = 100 * counts / counts.sum(axis=2, keepdims=True)
    intervals = [confidence_interval(fractions[:, side]) for side in (0, 1)]
    if aggregate == 'dataset':
        pooled = counts.sum(axis=0, keepdims=True)
        fractions = 100 * pooled / pooled.sum(axis=2, keepdims=True)
    pred, true = fractions[:, 0], fractions[:, 1]  # (num_images, num_classes)
    return PhaseReport(
        error=np.abs(pred - true).mean(axis=0),
        bias=(pred - true).mean(axis=0),
        true=true.mean(axis=0),
        pred=pred.mean(axis=0),
        true_ci95=intervals[1],
        pred_ci95=intervals[0])


@METRICS.register_module()
class ClassRatioMetric(BaseMetric):
    """Class-ratio error of a test set, see :func:`phase_report`.

    Results (percent and percentage points): ``ClassRatioError``, the mean
    over classes, and of each class ``ClassRatioError.<class>``,
    ``ClassRatioBias.<class>``, ``TrueFraction.<class>``,
    ``PredFraction.<class>``, ``TrueFractionCI95.<class>`` and
    ``PredFractionCI95.<class>``. For ``save_best='ClassRatioError'`` set
    ``rule='less'``.

    Args:
        aggregate: 'image' or 'dataset'.
        ignore_index: Value of pixels without a label, counted on neither
            side. An image of nothing else has no fractions; it is left out
            with a warning.
        collect_device: Where results of several processes are collected,
            'cpu' or 'gpu'.
        prefix: Prefix of the results' names.

    Raises:
        ValueError: If the ground truth or the prediction holds a value
            outside the classes, or no image has a label.
    """

    def __init__(self,
                 aggregate: str = 'image',
                 ignore_index: int = 255,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix)
        check_choice('aggregate', aggregate, AGGREGATES)
        self.aggregate = aggregate
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        num_classes = len(self.dataset_meta['classes'])
        for data_sample in data_samples:
            pred, truth = checked_labels(data_sample, num_classes,
                                         self.ignore_index)
            # One result for each sample, labelled or not: mmengine cuts the
            # padding of uneven shards off by counting them.
            self.results.append(
                count_classes(pred, truth, num_classes, self.ignore_index))

    def compute_metrics(self, results: list) -> dict[str, float]:
        classes = self.dataset_meta['classes']
        logger = MMLogger.get_current_instance()
        counts = np.stack(results)  # (num_images, 2, num_classes)
        labelled = counts.sum(axis=(1, 2)) > 0
        if not labelled.all():
            print_log(
                f'{(~labelled).sum()} of {len(counts)} images have no '
                'labelled pixel and no part in the class-ratio error.',
                logger=logger,
                level=logging.WARNING)
        report = phase_report(counts[labelled], self.aggregate)
        said = describe_report(report, classes, int(labelled.sum()))
        print_log(f'\n{said}', logger=logger)
        metrics = {'ClassRatioError': report.error.mean()}
        columns = dict(
            ClassRatioError=report.error,
            ClassRatioBias=report.bias,
            TrueFraction=report.true,
            PredFraction=report.pred,
            TrueFractionCI95=report.true_ci95,
            PredFractionCI95=report.pred_ci95)
        for name, values in columns.items():
            for label, value in zip(classes, values):
                metrics[f'{name}.{label}'] = value
        return {name: round(float(v), 4) for name, v in metrics.items()}


def describe_report(report: PhaseReport, classes: Sequence[str],
                    num_images: int) -> str:
    """Write a report as a table, and in words what it does not tell.

    Args:
        report: See :func:`phase_report`.
        classes: Names of the classes.
        num_images: That the report is about.
    """
    table = PrettyTable(
        ['Class', 'True (%)', 'Predicted (%)', 'Bias (%p)', 'Error (%p)'])
    accuracies = {}
    for i, label in enumerate(classes):
        # both sides alike: the wider of the two
        accuracies[label] = max(
            (100 * half / mean for mean, half in (
                (report.true[i], report.true_ci95[i]),
                (report.pred[i], report.pred_ci95[i])) if mean > 0),
            default=math.nan)
        table.add_row([
            label,
            _with_interval(report.true[i], report.true_ci95[i]),
            _with_interval(report.pred[i], report.pred_ci95[i]),
            f'{report.bias[i]:+.2f}',
            f'{report.error[i]:.2f}',
        ])
    table.add_row(['mean', '', '', '', f'{report.error.mean():.2f}'])
    title = f'phase fractions, mean (95 % CI), n = {num_images}'
    return '\n'.join([table.get_string(title=title),
                      *describe_limits(num_images, accuracies)])


def _with_interval(mean: float, half: float) -> str:
    interval = write_interval(mean, half)
    return f'{mean:.2f} ({interval})' if interval else f'{mean:.2f}'
