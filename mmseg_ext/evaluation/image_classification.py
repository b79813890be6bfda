"""Is an image defective: scores of a classifier of two classes."""
import logging
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable

from .anomaly_score import auroc, average_precision


def classification_scores(scores: np.ndarray,
                          labels: np.ndarray) -> dict[str, float]:
    """Score a classifier of two classes.

    Args:
        scores: (n,), above 0 for what is taken for positive, such as log
            odds.
        labels: (n,) bool.

    Returns:
        ``AP`` and ``AUROC``, of the order alone; ``accuracy``,
        ``precision`` and ``recall``, at the score 0. All 0 to 1; nan where
        nothing can be counted (no positives, no negatives, or none taken
        for positive).
    """
    scores, labels = np.asarray(scores), np.asarray(labels, bool)
    taken = scores > 0
    hits = (taken & labels).sum()
    levels, level = np.unique(scores, return_inverse=True)
    counts = [np.bincount(level[kind], minlength=len(levels))
              for kind in (labels, ~labels)]

    def fraction(part: int, whole: int) -> float:
        return float(part / whole) if whole else float('nan')

    return dict(
        AP=average_precision(*counts),
        AUROC=auroc(scores, labels),
        accuracy=fraction((taken == labels).sum(), len(labels)),
        precision=fraction(hits, taken.sum()),
        recall=fraction(hits, labels.sum()))


@METRICS.register_module()
class ImageClassificationMetric(BaseMetric):
    """Scores of mmpretrain's classifiers where there are two classes.

    Results (percent): ``AP``, the average precision of the second class,
    which random scores bring to the fraction of its images; ``AUROC``;
    ``accuracy``, ``precision`` and ``recall`` where the more probable class
    is taken. The log gets a table with the numbers of images behind them.

    Args: See mmengine's BaseMetric.

    Raises:
        ValueError: If there are not two classes, or scores are nan.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        for data_sample in data_samples:
            probabilities = data_sample['pred_score'].double().cpu().numpy()
            if len(probabilities) != 2 or np.isnan(probabilities).any():
                raise ValueError(
                    f'pred_score of {data_sample["img_path"]} is '
                    f'{probabilities}: two probabilities are expected. Set '
                    "the head's num_classes to 2, or lower the learning rate "
                    'if training has diverged.')
            # Log odds tell apart what is 1.0 in single precision.
            with np.errstate(divide='ignore'):
                clean, defective = np.log(probabilities)
            self.results.append(
                (defective - clean, int(data_sample['gt_label'])))

    def compute_metrics(self, results: list) -> dict[str, float]:
        scores = np.array([score for score, _ in results])
        labels = np.array([label for _, label in results], bool)
        metrics = {name: 100 * value for name, value in
                   classification_scores(scores, labels).items()}
        logger = MMLogger.get_current_instance()
        names = self.dataset_meta['classes']
        if labels.all() or not labels.any():
            print_log(
                f'All images are {names[int(labels[0])]!r}: AP and AUROC '
                'need both kinds and are nan.',
                logger=logger,
                level=logging.WARNING)
        print_log(f'\n{_table(scores > 0, labels, names)}\n'
                  + ', '.join(f'{name} {value:.2f}'
                              for name, value in metrics.items()),
                  logger=logger)
        return {name: round(value, 4) for name, value in metrics.items()}


def _table(taken: np.ndarray, labels: np.ndarray,
           names: Sequence[str]) -> PrettyTable:
    """Count the images of each class by what they are taken for."""
    table = PrettyTable(
        ['ground truth', 'images', *(f'taken for {name}' for name in names)])
    table.align = 'r'
    table.align['ground truth'] = 'l'
    for name, wanted in zip(names, (False, True)):
        mine = taken[labels == wanted]
        table.add_row([name, len(mine), (~mine).sum(), mine.sum()])
    return table
