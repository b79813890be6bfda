"""IoU of each group of images, such as the categories of MVTec AD."""
from collections.abc import Sequence

import numpy as np
from mmengine.logging import MMLogger, print_log
from mmseg.registry import METRICS

from mmseg_ext.basics.arguments import check_choice

from ._grouping import Scores, flatten_groups, group_of, group_table, nan_mean
from .per_class_iou import PerClassIoUMetric

MEASURES = ('IoU', 'Dice', 'Fscore')
# Names of IoUMetric's results, with and without their 'm'.
RESERVED = {
    *MEASURES, 'Acc', 'Precision', 'Recall', 'aAcc', 'mIoU', 'mDice',
    'mFscore', 'mAcc', 'mPrecision', 'mRecall'
}


def overlap(areas: np.ndarray, measure: str, beta: int = 1) -> np.ndarray:
    """Overlap of prediction and ground truth, class by class.

    Args:
        areas: (4, num_classes): pixels of the intersection, the union, the
            prediction and the ground truth.
        measure: 'IoU', 'Dice' or 'Fscore'.
        beta: Weight of recall in 'Fscore'.

    Returns:
        (num_classes,), 0 to 1; nan where the class is neither in the ground
        truth nor in the prediction.

    Raises:
        ValueError: If ``measure`` is unknown.
    """
    check_choice('measure', measure, MEASURES)
    intersection, union, pred, truth = np.asarray(areas, np.float64)
    if measure == 'IoU':
        above, below = intersection, union
    elif measure == 'Dice':
        above, below = 2 * intersection, pred + truth
    else:
        # beta^2 in both: (1 + b) P R / (b P + R) without 0 / 0
        above = (1 + beta**2) * intersection
        below = beta**2 * truth + pred
    return np.divide(
        above, below, out=np.full_like(union, np.nan), where=below > 0)


def grouped_iou(areas: np.ndarray,
                groups: Sequence[str],
                measure: str = 'IoU',
                beta: int = 1) -> dict[str, np.ndarray]:
    """Overlap of each group, from all pixels of the group together.

    Args:
        areas: (num_images, 4, num_classes): pixels of the intersection, the
            union, the prediction and the ground truth.
        groups: Each image's group.
        measure: 'IoU', 'Dice' or 'Fscore'.
        beta: Weight of recall in 'Fscore'.

    Returns:
        Group, in sorted order -> (num_classes,), see :func:`overlap`.

    Raises:
        ValueError: If there is not one group for each image.
    """
    areas = np.asarray(areas, np.float64)
    if len(areas) != len(groups):
        raise ValueError(f'{len(areas)} images and {len(groups)} groups: '
                         'each image needs one group.')
    names = np.asarray(groups)
    return {
        group: overlap(areas[names == group].sum(axis=0), measure, beta)
        for group in sorted(set(groups))
    }


@METRICS.register_module()
class GroupedIoUMetric(PerClassIoUMetric):
    """PerClassIoUMetric, and the same numbers for each group of images.

    Results (percent): those of PerClassIoUMetric, from all pixels of the
    set; ``<group>.IoU.<class>`` and ``<group>.mIoU``, from all pixels of the
    group; ``<group_key>_mean.IoU.<class>`` and ``<group_key>_mean.mIoU``,
    their unweighted means over the groups. The same for Dice and Fscore
    where ``iou_metrics`` asks for them.

    A class that is neither in the ground truth nor in the prediction of a
    group is nan there: shown as '-', and left out of the group's mean over
    classes and of the class's mean over groups. One that is in one of the two
    alone has 0, also as Fscore, where stock mmseg's pooled number is nan.

    Args:
        group_key: Key of the sample that names its group; must be in
            ``meta_keys`` of PackSegInputs.
        kwargs: See PerClassIoUMetric. ``nan_to_num`` holds for the groups
            too: what it replaces counts in every mean.

    Raises:
        ValueError: If a sample has no group, or its group has the name of a
            result such as 'mIoU'; and as PerClassIoUMetric does.
    """

    def __init__(self, group_key: str = 'category', **kwargs) -> None:
        super().__init__(**kwargs)
        self.group_key = group_key

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        if self.format_only:
            return super().process(data_batch, data_samples)
        groups = [
            group_of(sample, self.group_key, RESERVED)
            for sample in data_samples
        ]
        first = len(self.results)
        super().process(data_batch, data_samples)
        # Still one result for each sample, see ClassRatioMetric.
        self.results[first:] = zip(self.results[first:], groups)

    def compute_metrics(self, results: list) -> dict[str, float]:
        if self.format_only:
            return super().compute_metrics(results)
        areas, groups = zip(*results)
        pooled = super().compute_metrics(list(areas))
        scores = self._group_scores(
            np.stack([np.stack(area) for area in areas]), groups)
        columns = next(iter(scores.values()))
        table = group_table('overlap in percent', self.group_key, groups,
                            scores, {name: pooled[name]
                                     for name in columns})
        print_log(f'\n{table}', logger=MMLogger.get_current_instance())
        grouped = flatten_groups(scores, self.group_key)
        return {
            **pooled,
            **{name: round(value, 2)
               for name, value in grouped.items()}
        }

    def _group_scores(self, areas: np.ndarray,
                      groups: Sequence[str]) -> dict[str, Scores]:
        classes = self.dataset_meta['classes']
        scores: dict[str, Scores] = {group: {} for group in sorted({*groups})}
        for wanted in self.metrics:
            measure = wanted[1:]  # mIoU -> IoU
            values = grouped_iou(areas, groups, measure, self.beta)
            for group, value in values.items():
                if self.nan_to_num is not None:
                    value = np.nan_to_num(value, nan=self.nan_to_num)
                for label, fraction in zip(classes, value):
                    scores[group][f'{measure}.{label}'] = 100 * fraction
                scores[group][wanted] = 100 * nan_mean(value)
        return scores
