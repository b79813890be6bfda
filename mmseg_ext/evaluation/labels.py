"""Refuse ground truth that holds values outside the classes."""
from mmseg_ext.basics.label_values import describe_fractions, foreign_labels


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
    truth = data_sample['gt_sem_seg']['data'].cpu().numpy()
    foreign = foreign_labels(truth, [*range(num_classes), ignore_index])
    if foreign:
        source = data_sample.get('seg_map_path') or data_sample.get('img_path')
        raise ValueError(
            f'The ground truth of {source} holds values that are no class: '
            f'{describe_fractions(foreign)}; the classes are 0 to '
            f'{num_classes - 1} and {ignore_index} is ignored.')
