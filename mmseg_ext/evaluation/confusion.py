"""Count how often each class is taken for each other."""
import torch
from torch import Tensor


def count_pairs(pred: Tensor, truth: Tensor, num_classes: int,
                ignore_index: int) -> Tensor:
    """Count the pixels of each pair of true and predicted class.

    Args:
        pred: Predicted class ids, any shape.
        truth: True class ids or ``ignore_index``, same shape.
        num_classes: Number of classes.
        ignore_index: Value of pixels without a label, which are left out.

    Returns:
        (num_classes, num_classes) int64, on the CPU: true by predicted class.
    """
    pairs = num_classes * truth.int() + pred.int()
    pairs = pairs.masked_fill(truth == ignore_index, num_classes**2)
    counts = torch.bincount(
        pairs.flatten(), minlength=num_classes**2 + 1)[:-1]
    return counts.view(num_classes, num_classes).cpu()
