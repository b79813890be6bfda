"""Refuse values outside the classes."""
import torch
from torch import Tensor

from mmseg_ext.basics.label_values import describe_fractions, foreign_labels

FEW = 65535  # values up to here are counted one by one


def check_truth(data_sample: dict, num_classes: int,
                ignore_index: int) -> None:
    """Check one sample's ground truth.

    Stock metrics leave such pixels out of the union, and report a better
    number for it.

    Args:
        data_sample: A SegDataSample as metrics get it, with ``gt_sem_seg``.
        num_classes: Allowed are 0 to ``num_classes - 1`` ...
        ignore_index: ... and this value.

    Raises:
        ValueError: If there is any other value.
    """
    truth = data_sample['gt_sem_seg']['data'].cpu()
    if _are_classes(truth, num_classes, ignore_index):
        return
    foreign = foreign_labels(
        truth.numpy(), [*range(num_classes), ignore_index])
    if foreign:
        source = data_sample.get('seg_map_path') or data_sample.get('img_path')
        raise ValueError(
            f'The ground truth of {source} holds values that are no class: '
            f'{describe_fractions(foreign)}; the classes are 0 to '
            f'{num_classes - 1} and {ignore_index} is ignored.')


def checked_labels(data_sample: dict, num_classes: int,
                   ignore_index: int) -> tuple[Tensor, Tensor]:
    """Return one sample's prediction and ground truth, both checked.

    Args:
        data_sample: See :func:`check_truth` and :func:`check_pred`.
        num_classes: The same.
        ignore_index: The same.

    Returns:
        (H, W) each, of the prediction's type and on its device.

    Raises:
        ValueError: If there is a value outside the classes in either.
    """
    check_truth(data_sample, num_classes, ignore_index)
    check_pred(data_sample, num_classes)
    pred = data_sample['pred_sem_seg']['data'].squeeze(0)
    return pred, data_sample['gt_sem_seg']['data'].squeeze(0).to(pred)


def _are_classes(truth: Tensor, num_classes: int, ignore_index: int) -> bool:
    """Whether all is well, in a fraction of the time of what is not."""
    if truth.dtype == torch.bool or truth.is_floating_point():
        return False
    low, high = truth.aminmax()
    if low < 0 or high > FEW:
        return False
    counts = torch.bincount(
        truth.flatten(), minlength=max(num_classes, ignore_index) + 1)
    counts[:num_classes] = 0
    if ignore_index >= 0:
        counts[ignore_index] = 0
    return not counts.any()


def check_pred(data_sample: dict, num_classes: int) -> None:
    """Check one sample's prediction.

    Args:
        data_sample: A SegDataSample as metrics get it, with
            ``pred_sem_seg``.
        num_classes: Allowed are 0 to ``num_classes - 1``.

    Raises:
        ValueError: If there is any other value.
    """
    low, high = data_sample['pred_sem_seg']['data'].aminmax()
    for value in (int(high), int(low)):
        if not 0 <= value < num_classes:
            source = data_sample.get('img_path') or data_sample.get(
                'seg_map_path')
            raise ValueError(
                f'The prediction of {source} holds class {value}, the data '
                f'set has {num_classes} classes: set the decode head\'s '
                'num_classes to that.')
