"""Threshold-free scores of a defect class: AP of pixels, AUROC of images."""
import logging
from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log
from mmseg.registry import METRICS
from torch import Tensor

from ._grouping import Scores, flatten_groups, group_of, group_table
from .labels import check_truth

MEASURES = ('pixelAP', 'imageAUROC', 'imageAP')
# Scores beyond +-10000 share the outermost bins.
LOG_LIMIT = float(np.log1p(1e4))
NUM_BINS = 32768  # what is lost by so many: see score_bins


def average_precision(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Average precision from counts at each score.

    sum_n (R_n - R_{n-1}) P_n over the distinct scores, from the highest
    down, with recall R_n and precision P_n of all that score at least n.

    Args:
        positives: (num_scores,) positives at each score, scores ascending.
        negatives: (num_scores,) negatives at each score.

    Returns:
        0 to 1; nan if there are no positives, or no negatives: any order is
        right then. scikit-learn's ``average_precision_score``, the same
        definition otherwise, returns 1 there.
    """
    positives = np.asarray(positives, np.int64)[::-1]
    negatives = np.asarray(negatives, np.int64)[::-1]
    if not positives.any() or not negatives.any():
        return float('nan')
    hits = positives.cumsum()
    some = positives > 0
    precision = hits[some] / (hits + negatives.cumsum())[some]
    return float(positives[some] @ precision / hits[-1])


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive beats a negative.

    Exact (Mann-Whitney); ties count one half.

    Args:
        scores: (n,), higher means rather positive.
        labels: (n,) bool.

    Returns:
        0 to 1; nan if there are no positives, no negatives, or a score is
        nan.
    """
    labels = np.asarray(labels, bool)
    num_positives = int(labels.sum())
    pairs = num_positives * (len(labels) - num_positives)
    if not pairs:
        return float('nan')
    if np.isnan(scores).any():
        return float('nan')
    # as scipy.stats.rankdata, which takes most of a second to import
    _, places, counts = np.unique(
        scores, return_inverse=True, return_counts=True)
    means = counts.cumsum() - (counts - 1) / 2  # of the ranks of equal scores
    ranks = means[places][labels].sum()
    return float((ranks - num_positives * (num_positives + 1) / 2) / pairs)


def pixel_scores(logits: Tensor, positive: int = 1) -> Tensor:
    """Score each pixel by the log odds of one class.

    Channels that are probabilities (all in [0, 1], sum 1 at every pixel,
    such as an average of softmaxes) give the log odds too. One channel is
    returned as it is: mmseg puts the sigmoid there, which ranks alike.

    Args:
        logits: ``seg_logits`` of one image.
        positive: Index of the class; 1 for one channel.

    Shape:
        - logits: (C, H, W)
        - output: (H, W), float32

    Raises:
        ValueError: If there is no such channel.
    """
    num_channels = len(logits)
    if positive not in (range(num_channels) if num_channels > 1 else (1, )):
        raise ValueError(f'positive={positive}: seg_logits of {num_channels} '
                         'channel(s) have none of that class.')
    logits = logits.float()
    if num_channels == 1:
        return logits[0]
    others = torch.cat([logits[:positive], logits[positive + 1:]])
    low, high = logits.aminmax()
    # 0.01: what half precision adds up to
    if low >= 0 and high <= 1 and (logits.sum(0) - 1).abs().max() < 0.01:
        return logits[positive].log() - others.sum(0).log()
    rest = others[0] if num_channels == 2 else others.logsumexp(0)
    return logits[positive] - rest


def _squash(x: Tensor) -> Tensor:
    return torch.copysign(x.abs().add_(1).log_(), x)


def score_bins(scores: Tensor,
               num_bins: int = NUM_BINS,
               sigmoid: bool = False) -> Tensor:
    """Sort scores into bins, finer around 0, in ascending order.

    Bins are uniform in sign(s) log(1 + |s|): 32768 of them resolve a score s
    to 0.0006 (1 + |s|). Normally distributed scores lose 0.05 percentage
    points of average precision where their deviation is 200 bins, 1.5 where
    it is 10.

    Args:
        scores: Any shape.
        num_bins: Number of bins.
        sigmoid: Whether scores can be sigmoids: [0, 1] is then widened to
            log odds, so that 0.999 and 0.9999 stay apart.

    Returns:
        Bin of each score, int32, 0 to ``num_bins - 1``.
    """
    if sigmoid:
        # the ends of float32 within (0, 1)
        inside = scores.clamp(2e-38, 1 - 6e-8)
        place = _squash(inside.logit()) + _squash(scores - inside)
    else:
        place = _squash(scores)
    place = place.clamp_(-LOG_LIMIT, LOG_LIMIT).add_(LOG_LIMIT)
    bins = place.mul_(num_bins / (2 * LOG_LIMIT)).int()
    return bins.clamp_(max=num_bins - 1)


def bin_scores(num_bins: int = NUM_BINS) -> np.ndarray:
    """Return the scores in the middle of the bins, (num_bins,) ascending."""
    places = ((np.arange(num_bins) + 0.5) * (2 * LOG_LIMIT / num_bins)
              - LOG_LIMIT)
    return np.copysign(np.expm1(np.abs(places)), places)


def count_scores(bins: Tensor, truth: Tensor, num_bins: int, positive: int,
                 ignore_index: int) -> np.ndarray:
    """Count the pixels of the class, and of all others, in each bin.

    Args:
        bins: Bin of each pixel, int32, any shape.
        truth: True class ids or ``ignore_index``, same shape.
        num_bins: Number of bins.
        positive: Index of the class.
        ignore_index: Value of pixels that are not counted.

    Returns:
        (2, num_bins): others, and pixels of the class.
    """
    # Three histograms in a row, so that no pixel has to be picked out.
    bins = bins.add(truth == positive, alpha=num_bins)
    bins.add_(truth == ignore_index, alpha=2 * num_bins)
    counts = torch.bincount(bins.flatten(), minlength=3 * num_bins)
    return counts[:2 * num_bins].view(2, -1).cpu().numpy()


class SampleScores(NamedTuple):
    """Scores of an image's pixels, counted.

    Attributes:
        bins: (n,) int32, bins of :func:`score_bins` that occur, ascending.
        counts: (2, n) int32, pixels of others and of the class in each.
        highest: Score of the highest pixel.
    """
    bins: np.ndarray
    counts: np.ndarray
    highest: float


def score_sample(data_sample: dict, num_classes: int, positive: int = 1,
                 ignore_index: int = 255,
                 num_bins: int = NUM_BINS) -> SampleScores:
    """Count the scores of a predicted sample.

    Args:
        data_sample: With ``seg_logits`` and ``gt_sem_seg``, as a dict.
        num_classes: Of the data set.
        positive: Index of the class.
        ignore_index: Value of pixels that are not counted.
        num_bins: Number of bins.

    Raises:
        ValueError: If ``seg_logits`` are missing, hold nan, or do not fit
            ground truth and classes, or the ground truth holds a value
            outside the classes.
    """
    check_truth(data_sample, num_classes, ignore_index)
    logits = _seg_logits(data_sample, num_classes)
    truth = data_sample['gt_sem_seg']['data'].to(logits.device)
    truth = truth.view(truth.shape[-2:])  # (1, H, W) -> (H, W)
    scores = pixel_scores(logits, positive)
    ignored = truth == ignore_index
    if ignored.any():
        scores = scores.masked_fill(ignored, -torch.inf)
    highest = scores.max().item()
    if np.isnan(highest):
        raise ValueError(f'seg_logits of {data_sample["img_path"]} '
                         'hold nan, or infinities that cancel.')
    bins = score_bins(scores, num_bins, sigmoid=len(logits) == 1)
    counts = count_scores(bins, truth, num_bins, positive, ignore_index)
    used = np.flatnonzero(counts.any(axis=0)).astype(np.int32)
    return SampleScores(used, counts[:, used].astype(np.int32), highest)


@METRICS.register_module()
class AnomalyScoreMetric(BaseMetric):
    """Scores of a defect class that need no threshold.

    Results (percent): ``pixelAP``, average precision over all pixels of the
    set; ``imageAUROC`` and ``imageAP`` of the images, where an image has the
    score of its highest pixel, and is positive if its ground truth has a
    pixel of the class. With ``group_key`` also ``<group>.pixelAP`` and so
    on, and ``<group_key>_mean.pixelAP``, the unweighted mean over the groups
    where it is defined. nan, with a warning: no positives, or no negatives.

    Pixels are counted in bins of their score (:func:`score_bins`), and those
    in one bin are ties; image scores are exact. A sample takes 12 bytes for
    each bin that occurs in it, mostly below 0.2 MB, whatever its size.

    mmseg's SegTTAModel averages the views for ``pred_sem_seg`` alone: in
    ``seg_logits`` it leaves the last view's, and this metric scores those.

    Args:
        positive: Index of the class.
        group_key: Key of the sample that names its group, such as
            'category'; must be in ``meta_keys`` of PackSegInputs.
        ignore_index: Value of pixels without a label, which are left out,
            as is, with a warning, an image of nothing else.
        num_bins: Number of bins of the pixels' scores.
        collect_device: Where results of several processes are collected,
            'cpu' or 'gpu'.
        prefix: Prefix of the results' names.

    Raises:
        ValueError: If ``seg_logits`` are missing, hold nan, or do not fit
            ground truth and classes, the ground truth holds a value outside
            the classes, or a sample has no group.
    """

    def __init__(self,
                 positive: int = 1,
                 group_key: Optional[str] = None,
                 ignore_index: int = 255,
                 num_bins: int = NUM_BINS,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix)
        if num_bins < 2:
            raise ValueError(f'num_bins={num_bins}: must be 2 or more')
        self.positive = positive
        self.group_key = group_key
        self.ignore_index = ignore_index
        self.num_bins = num_bins

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        num_classes = len(self.dataset_meta['classes'])
        for data_sample in data_samples:
            group = ''
            if self.group_key is not None:
                group = group_of(data_sample, self.group_key, MEASURES)
            # One result for each sample, see ClassRatioMetric.
            self.results.append((*score_sample(
                data_sample, num_classes, self.positive, self.ignore_index,
                self.num_bins), group))

    def compute_metrics(self, results: list) -> dict[str, float]:
        pooled = self._scores(results)
        scores, metrics = {}, dict(pooled)
        if self.group_key is not None:
            for group in sorted({group for *_, group in results}):
                members = [r for r in results if r[-1] == group]
                scores[group] = self._scores(members)
            metrics.update(flatten_groups(scores, self.group_key))
        self._report(results, scores, pooled)
        return {name: round(value, 4) for name, value in metrics.items()}

    def _scores(self, results: list) -> Scores:
        negatives, positives = pixels = np.zeros((2, self.num_bins), np.int64)
        for used, counts, *_ in results:
            pixels[:, used] += counts
        images = [(highest, counts[1].any())
                  for used, counts, highest, _ in results if len(used)]
        highest = np.array([score for score, _ in images])
        labels = np.array([label for _, label in images], bool)
        levels, level = np.unique(highest, return_inverse=True)
        image_counts = [
            np.bincount(level[kind], minlength=len(levels))
            for kind in (labels, ~labels)
        ]
        values = (average_precision(positives, negatives),
                  auroc(highest, labels), average_precision(*image_counts))
        return {name: 100 * value for name, value in zip(MEASURES, values)}

    def _report(self, results: list, scores: dict[str, Scores],
                pooled: Scores) -> None:
        label = self.dataset_meta['classes'][self.positive]
        warnings = []
        unlabelled = sum(not len(used) for used, *_ in results)
        if unlabelled:
            warnings.append(
                f'{unlabelled} of {len(results)} images have no labelled '
                'pixel and no part in the anomaly scores.')
        sets = {'the whole set': pooled, **scores}
        for name in MEASURES:
            undefined = [key for key in sets if np.isnan(sets[key][name])]
            if undefined:
                what = 'pixels' if name == 'pixelAP' else 'images'
                warnings.append(
                    f'{name} needs {what} with and without {label!r}; it is '
                    f'nan, and left out of means, for {", ".join(undefined)}.')
        logger = MMLogger.get_current_instance()
        for warning in warnings:
            print_log(warning, logger=logger, level=logging.WARNING)
        table = group_table(f'scores of {label!r} in percent', self.group_key,
                            [group for *_, group in results], scores, pooled)
        print_log(f'\n{table}', logger=logger)


def _seg_logits(data_sample: dict, num_classes: int) -> Tensor:
    """Return (C, H, W) logits that fit the ground truth and the classes."""
    source = data_sample.get('img_path')
    if 'seg_logits' not in data_sample:
        raise ValueError(
            f"The sample of {source} has no 'seg_logits', the logits of each "
            'class that mmseg models put beside pred_sem_seg.')
    logits = data_sample['seg_logits']['data']
    size = tuple(data_sample['gt_sem_seg']['data'].shape[-2:])
    if len(logits) not in (1, num_classes) or tuple(logits.shape[1:]) != size:
        raise ValueError(
            f'seg_logits of {source} have the shape {tuple(logits.shape)}; by '
            f'classes and ground truth it must be ({num_classes} or 1, '
            f'{size[0]}, {size[1]}).')
    return logits
