"""Logits of a segmentor in training, and the losses that it has of them."""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from mmseg.utils import SampleList
from torch import Tensor, nn

IGNORED = 255  # label of the pixels of an image without a mask


def full_logits(model: EncoderDecoder, images: Tensor) -> Tensor:
    """Return the decode head's logits, two or more, at the images' size.

    Args:
        model: Segmentor, whose mode stays.
        images: Normalised.

    Shape:
        - images: (B, 3, H, W)
        - output: (B, C, H, W), float32

    Raises:
        ValueError: If the head has no logits of the classes.
    """
    head = model.decode_head
    if isinstance(head, nn.ModuleList):
        raise ValueError(_no_logits('a cascade of decode heads'))
    logits = head.forward(model.extract_feat(images))
    if not isinstance(logits, Tensor) or logits.ndim != 4:
        raise ValueError(_no_logits(type(head).__name__))
    return resized(of_two_or_more(logits).float(), images,
                   model.align_corners)


@contextmanager
def losses_of_labelled(model: EncoderDecoder,
                       labelled: Tensor) -> Iterator[list[Tensor]]:
    """Let the heads take their losses of the labelled images alone.

    Class weights and divisors of losses are not made for images of ignored
    pixels. What each head does before its loss stays its own.

    Yields:
        A list that gets the first logits of the decode head.
    """
    seen: list[Tensor] = []
    heads = [model.decode_head]
    if model.with_auxiliary_head:
        auxiliary = model.auxiliary_head
        heads += (auxiliary if isinstance(auxiliary, nn.ModuleList)
                  else [auxiliary])
    kept = labelled.tolist()
    for head in heads:
        head.loss_by_feat = _Watched(head, kept,
                                     seen if head is heads[0] else [])
    try:
        yield seen
    finally:
        for head in heads:
            del head.loss_by_feat
    if not seen or not isinstance(seen[0], Tensor):
        raise ValueError(_no_logits(type(heads[0]).__name__))


class _Watched:
    """A head's ``loss_by_feat``, of the labelled images."""

    def __init__(self, head: nn.Module, kept: list[bool],
                 seen: list[Any]) -> None:
        self.head, self.kept, self.seen = head, kept, seen
        self.original = head.loss_by_feat

    def __call__(self, logits, samples: SampleList, *args, **kwargs) -> dict:
        self.seen.append(logits)
        if all(self.kept):
            return self.original(logits, samples, *args, **kwargs)
        if not any(self.kept):
            # 0 of all logits: several processes want every gradient
            losses = self.head.loss_decode
            losses = (losses if isinstance(losses, nn.ModuleList)
                      else [losses])
            zero = sum(each.sum() for each in _tensors(logits)) * 0
            return {loss.loss_name: zero for loss in losses}
        return self.original(
            _chosen(logits, self.kept),
            [sample for sample, kept in zip(samples, self.kept) if kept],
            *args, **kwargs)


def _chosen(logits, kept: list[bool]):
    if isinstance(logits, (list, tuple)):
        return type(logits)(_chosen(each, kept) for each in logits)
    return logits[torch.tensor(kept, device=logits.device)]


def _tensors(logits) -> list[Tensor]:
    return list(logits) if isinstance(logits, (list, tuple)) else [logits]


def of_two_or_more(logits: Tensor) -> Tensor:
    """Return two logits in place of one, of the same probability."""
    if logits.shape[1] > 1:
        return logits
    return torch.cat([torch.zeros_like(logits), logits], dim=1)


def resized(logits: Tensor, like: Tensor, align_corners: bool) -> Tensor:
    """Return logits at the size of others, or of images."""
    if logits.shape[2:] == like.shape[2:]:
        return logits
    return F.interpolate(logits, like.shape[2:], mode='bilinear',
                         align_corners=align_corners)


def _no_logits(head: str) -> str:
    return (f'The decode head, {head}, has no logits of the classes that '
            'could learn')
