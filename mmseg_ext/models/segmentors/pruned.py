"""A segmentor whose layers are narrower than its config says."""
import os
from collections.abc import Mapping, Sequence
from typing import Optional

from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS

from .widths import apply_widths, read_widths


class PrunedMixin:
    """Narrow a segmentor's layers as soon as it is built.

    The widths are all that is needed: what chose them, and torch-pruning,
    have no part in training, tests, export or predictions.

    Args:
        widths: JSON file of tools/prune.py, or its content: name of a
            weight -> shape. None: the model stays as it is.
        *args, **kwargs: Of the segmentor.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the widths do not fit the model, see
            :func:`~.widths.apply_widths`.
    """

    def __init__(self,
                 *args,
                 widths: Optional[str | os.PathLike
                                  | Mapping[str, Sequence[int]]] = None,
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if widths is None:
            return
        if not isinstance(widths, Mapping):
            widths = read_widths(widths)
        apply_widths(self, widths)


@MODELS.register_module()
class PrunedEncoderDecoder(PrunedMixin, EncoderDecoder):
    """An EncoderDecoder with the widths that pruning has left.

    See :class:`PrunedMixin`. tools/prune.py writes its config::

        _base_ = './unet_c16_ksdd2.py'
        model = dict(
            type='PrunedEncoderDecoder',
            widths='{{ fileDirname }}/widths.json')
        load_from = '{{ fileDirname }}/weights.pth'
    """
