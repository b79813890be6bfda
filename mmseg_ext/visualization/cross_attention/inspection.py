"""Look into a trained cross-attention, image by image."""
import copy
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Optional

import numpy as np
import torch
from torch import Tensor, nn

from mmseg_ext.datasets.picture import load_picture
from mmseg_ext.evaluation import (
    boundary_iou,
    count_boundaries,
    iou,
    mean_defined,
    phase_report,
)
from mmseg_ext.evaluation.confusion import count_pairs

from .changes import CHANGES, changed_results
from .recording import PairRecord, add_gradients, recording, start_records
from .replay import kept_outputs, replayed_outputs
from .twin import Attended, find_neck, open_attention

AS_IS, ALL = 'as is', 'all pairs'


class Pictures(Sequence):
    """Image files as a data set's pipeline packs them, without masks.

    Args:
        dataset: Config of the data set.
        paths: The files.
    """

    def __init__(self, dataset: dict, paths: Sequence[str]) -> None:
        self.dataset, self.paths = dataset, paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict:
        return load_picture(self.dataset, self.paths[index])[1]


@dataclass(frozen=True)
class Score:
    """What comes out when the results of some pairs are replaced.

    Attributes:
        pairs: Name of the pair, or ``ALL``.
        change: What its result is replaced by, or ``AS_IS``.
        numbers: 'mIoU' and 'mBoundaryIoU' in percent, 'ClassRatioError' in
            percentage points, of labelled images alone; 'changed', the
            percentage of pixels that become another class.
    """
    pairs: str
    change: str
    numbers: dict[str, float]


@dataclass(frozen=True)
class Opened:
    """The attention of one picture, for a figure.

    Attributes:
        picture: (H, W, 3) uint8, channels blue, green, red.
        size: (height, width) that the network saw, with padding.
        pairs: Queries and keys of each pair, in the neck's order.
    """
    picture: np.ndarray
    size: tuple[int, int]
    pairs: tuple[Attended, ...]


@dataclass(frozen=True)
class Inspection:
    """What :func:`inspect_attention` has found."""
    records: list[PairRecord]
    scores: list[Score]
    opened: Opened
    images: int
    labelled: int


def inspect_attention(model: nn.Module, samples: Sequence,
                      most: Optional[int] = None,
                      progress: Callable[[int, int], None] = lambda *_: None
                      ) -> Inspection:
    """Measure what each pair's attention does, and what for.

    Images run as in testing, in windows if the config has them; encoder and
    attention once, since replaced results change what follows alone.
    Gradients and the figure's maps are of the middle of each image, as large
    as the crops of the training.

    Args:
        model: Segmentor with a MultiScaleCrossAttentionNeck, in evaluation
            mode; its classes and weights stay as they are.
        samples: Packed images, with masks or without.
        most: Take the first ones, so many; None: all.
        progress: Called with the number of images done, and of all.

    Raises:
        ValueError: If there is no such neck, it has a form whose
            probabilities cannot be shown, or there are no images.
    """
    neck = find_neck(model)
    number = len(samples) if most is None else min(most, len(samples))
    if not number:
        raise ValueError('There are no images to look at')
    head = model.decode_head
    records = start_records(model, neck)
    chosen = [(None, AS_IS), *(
        (i, change) for i in [*range(len(records)), None]
        for change in CHANGES)]
    if len(records) == 1:  # it is all pairs
        chosen = [(i, change) for i, change in chosen
                  if i is not None or change == AS_IS]
    counts: dict[tuple, list[_Counts]] = {key: [] for key in chosen}
    opened, labelled = None, 0
    unchanged = [model.backbone, *neck.attentions]
    for index in range(number):
        packed = samples[index]
        truth = _truth(packed)
        labelled += truth is not None
        reference = None
        for key in chosen:
            pairs = range(len(records)) if key[0] is None else [key[0]]
            if key[1] == AS_IS:
                with (recording(model, neck, records),
                      kept_outputs(unchanged) as outputs):
                    reference = pred = _predict(model, packed)
            else:
                with (replayed_outputs(unchanged, outputs),
                      changed_results(neck, key[1], pairs)):
                    pred = _predict(model, packed)
            counts[key].append(_Counts.of(
                pred, reference, truth, head.num_classes, head.ignore_index))
        middle = _middle(packed, _crop_size(model))
        if truth is not None:
            add_gradients(model, neck, records, model.data_preprocessor(
                _batch(middle), True))
        if opened is None:
            opened = _open(model, neck, middle)
        progress(index + 1, number)
    scores = [Score(ALL if i is None else records[i].name, change,
                    _Counts.summed(counts[i, change]))
              for i, change in chosen]
    return Inspection(records, scores, opened, number, labelled)


@dataclass(frozen=True)
class _Counts:
    """Pixels of one image; those of its masks are None without masks."""
    changed: int
    pixels: int
    confusion: Optional[np.ndarray] = None
    boundaries: Optional[np.ndarray] = None

    @classmethod
    def of(cls, pred: Tensor, reference: Tensor, truth: Optional[Tensor],
           num_classes: int, ignore_index: int) -> '_Counts':
        changed = int((pred != reference).sum())
        if truth is None:
            return cls(changed, pred.numel())
        return cls(
            changed, pred.numel(),
            count_pairs(pred, truth, num_classes, ignore_index).numpy(),
            count_boundaries(pred.numpy(), truth.numpy(), num_classes,
                             ignore_index=ignore_index))

    @staticmethod
    def summed(counts: Sequence['_Counts']) -> dict[str, float]:
        """Return the numbers of several images together."""
        found = dict(changed=100 * sum(each.changed for each in counts)
                     / sum(each.pixels for each in counts))
        masks = [each for each in counts if each.confusion is not None]
        if not masks:
            return found
        confusion = np.stack([each.confusion for each in masks])
        found['mIoU'] = 100 * float(mean_defined(iou(confusion.sum(0))))
        found['mBoundaryIoU'] = 100 * float(mean_defined(
            boundary_iou(sum(each.boundaries for each in masks))))
        # (num_images, 2, num_classes), predicted and true
        sides = np.stack([confusion.sum(1), confusion.sum(2)], 1)
        sides = sides[sides.sum((1, 2)) > 0]
        if len(sides):
            found['ClassRatioError'] = float(phase_report(sides).error.mean())
        return found


def _batch(packed: dict) -> dict:
    # the preprocessor writes into the samples
    return dict(inputs=[packed['inputs']],
                data_samples=[copy.deepcopy(packed['data_samples'])])


def _predict(model: nn.Module, packed: dict) -> Tensor:
    with torch.no_grad():
        sample, = model.test_step(_batch(packed))
    return sample.pred_sem_seg.data[0].cpu().long()


def _truth(packed: dict) -> Optional[Tensor]:
    sample = packed['data_samples']
    if 'gt_sem_seg' not in sample:
        return None
    return sample.gt_sem_seg.data[0].cpu().long()


def _crop_size(model: nn.Module) -> Optional[tuple[int, int]]:
    size = getattr(model.data_preprocessor, 'size', None)
    return size or model.test_cfg.get('crop_size')


def _middle(packed: dict, size: Optional[tuple[int, int]]) -> dict:
    """Cut the middle out of an image and of its mask."""
    image, sample = packed['inputs'], copy.deepcopy(packed['data_samples'])
    height, width = image.shape[1:]
    rows, columns = size or (height, width)
    top, left = max(0, (height - rows) // 2), max(0, (width - columns) // 2)
    part = np.s_[..., top:top + rows, left:left + columns]
    if 'gt_sem_seg' in sample:
        masks = sample.gt_sem_seg.data
        if masks.shape[1:] != image.shape[1:]:  # resized in testing
            masks = torch.nn.functional.interpolate(
                masks[None].float(), (height, width))[0].to(masks.dtype)
        sample.gt_sem_seg = type(sample.gt_sem_seg)(data=masks[part])
    image = image[part]
    sample.set_metainfo(dict(img_shape=tuple(image.shape[1:]),
                             ori_shape=tuple(image.shape[1:])))
    return dict(inputs=image, data_samples=sample)


def _open(model: nn.Module, neck: nn.Module, packed: dict) -> Opened:
    """Record the queries and keys of one picture."""
    found: dict[nn.Module, Attended] = {}

    def record(module, inputs, output) -> None:
        found[module] = open_attention(module, *inputs)

    with ExitStack() as stack, torch.no_grad():
        for module in neck.attentions:
            stack.enter_context(module.register_forward_hook(record))
        inputs = model.data_preprocessor(_batch(packed), False)['inputs']
        model.extract_feat(inputs)
    picture = packed['inputs'].permute(1, 2, 0).float().numpy()
    if picture.shape[2] != 3:
        picture = picture.mean(2, keepdims=True).repeat(3, axis=2)
    return Opened(picture.clip(0, 255).astype(np.uint8),
                  tuple(inputs.shape[2:]),
                  tuple(found[module] for module in neck.attentions))
