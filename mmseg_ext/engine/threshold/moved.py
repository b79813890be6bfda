"""A threshold in the bias of the classifier, which whatever predicts follows.
"""
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mmseg_ext.basics.staging import staged_file
from mmseg_ext.evaluation import OperatingPoint

KEY = 'threshold'  # in the meta of a checkpoint
CLASSIFIERS = ('conv_seg', 'mask_norm')  # whose bias is added to the logits
TOLERANCE = 1e-3


@dataclass(frozen=True)
class MovedThreshold:
    """Where a model's decision lies, and how to move it.

    Attributes:
        bias: Name of the classifier's bias among the weights.
        index: Of the defect class in it.
        log_odds: Of the probability above which a pixel is a defect now.
    """
    bias: str
    index: int
    log_odds: float

    @classmethod
    def of(cls, model: nn.Module, inputs: Tensor,
           positive: int = 1) -> 'MovedThreshold':
        """Find it in a segmentor, and try on an image that it works.

        Args:
            model: Segmentor of two classes in evaluation mode; its weights
                are afterwards what they were.
            inputs: (B, 3, H, W) images as the network sees them.
            positive: Index of the defect class.

        Raises:
            ValueError: If the model has other classes, or no bias that is
                added to its logits.
        """
        head = model.decode_head
        name = 'decode_head'
        if isinstance(head, nn.ModuleList):
            name, head = f'{name}.{len(head) - 1}', head[-1]
        channels = getattr(head, 'out_channels', None)
        if head.num_classes != 2 or channels not in (1, 2):
            raise ValueError(
                f'The model has {head.num_classes} classes; a threshold parts '
                'two, a defect class and the rest')
        found = [(f'{name}.{path}.bias', module.bias)
                 for path, module in head.named_modules()
                 if path.split('.')[-1] in CLASSIFIERS
                 and getattr(module, 'bias', None) is not None]
        index = positive if channels == 2 else 0
        if len(found) == 1 and _adds(model, inputs, found[0][1], index):
            return cls(found[0][0], index,
                       0.0 if channels == 2 else _log_odds(head.threshold))
        raise ValueError(
            f'{type(head).__name__} has no bias that is added to its logits '
            f'({" or ".join(CLASSIFIERS)}): its threshold cannot be moved')


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


@torch.no_grad()
def _adds(model: nn.Module, inputs: Tensor, bias: Tensor, index: int) -> bool:
    """Tell whether what is added to a bias is added to the logits."""
    before = model(inputs, mode='tensor')
    kept = bias[index].clone()
    bias[index] += 1
    try:
        after = model(inputs, mode='tensor')
    finally:
        bias[index] = kept
    change = torch.zeros_like(before)
    change[:, index] = 1
    return torch.allclose(after - before, change, rtol=0, atol=TOLERANCE
                          * max(1.0, float(before.abs().max())))


def moved_weights(weights: Mapping[str, Tensor], moved: MovedThreshold,
                  point: OperatingPoint) -> dict[str, Tensor]:
    """Return weights that decide by a threshold as others by the usual one.

    Args:
        weights: Of the model, which stay as they are.
        moved: Where its decision lies.
        point: The threshold.
    """
    bias = weights[moved.bias].clone()
    bias[moved.index] += moved.log_odds - point.log_odds
    return {**weights, moved.bias: bias}


def write_moved(checkpoint: Mapping, path: Path, moved: MovedThreshold,
                point: OperatingPoint, source: str,
                overwrite: bool = True) -> None:
    """Write a checkpoint whose threshold is another one.

    Args:
        checkpoint: What was loaded from the file ``source``; of it the
            weights and ``meta`` are written.
        path: File to write.
        moved: Where the model's decision lies.
        point: The threshold.
        source: Name of the checkpoint's file.
        overwrite: Replace the file.
    """
    meta = dict(checkpoint.get('meta') or {})
    meta[KEY] = dict(vars(point), checkpoint=source)
    weights = moved_weights(checkpoint['state_dict'], moved, point)
    with staged_file(path, overwrite) as new:
        torch.save(dict(meta=meta, state_dict=weights), new)
