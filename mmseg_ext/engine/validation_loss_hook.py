"""The loss on the validation images, beside their metrics."""
import logging
import math
from collections.abc import Sequence
from inspect import signature
from itertools import chain, zip_longest
from typing import Optional

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import HOOKS
from torch import Tensor, nn

from .wrappers import unwrapped

KEY = 'val_loss'  # as mmengine names the loss of a model that returns one


@HOOKS.register_module()
class ValidationLossHook(Hook):
    """Add ``val_loss`` to the metrics of each validation.

    It is the decode head's loss, its own terms with their weights, of the
    very logits that the metrics are taken of: at the size of the file, in
    evaluation mode, averaged over windows where there are some. So it costs
    the loss alone and no second pass through the network. It is computed of
    each image and averaged over the images; those without a labelled pixel
    have no part. Auxiliary heads, which make no prediction, have none
    either: it compares with ``decode.loss_*`` of the training.

    Loggers write it, and ``save_best='val_loss'`` takes it. Without effect
    where the head's loss is not one of logits (Mask2Former, a classifier,
    one logit for two classes), and where the model returns its own.
    """

    # Before those that log the metrics, or decide by them.
    priority = 'HIGHEST'

    def __init__(self) -> None:
        self._failed = False
        self._losses: list[float] = []

    def before_train(self, runner) -> None:
        # mmengine logs of a loss the mean of the latest, as of iterations
        runner.log_processor.custom_cfg.append(
            dict(data_src=KEY, method_name='current'))

    def before_val_epoch(self, runner) -> None:
        self._losses = []

    def after_val_iter(self, runner, batch_idx: int, data_batch=None,
                       outputs: Optional[Sequence] = None) -> None:
        head = loss_head(runner.model)
        if head is None or self._failed:
            return
        try:
            self._losses += [_loss_of(head, sample) for sample in outputs]
        except Exception as error:  # no reason to end a training
            self._failed = True
            print_log(f'There is no {KEY}: {type(error).__name__}: {error}',
                      logger='current', level=logging.WARNING)

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        # of every process, for each has to come to the same decisions
        failed, parts = zip(*all_gather_object((self._failed, self._losses)))
        if metrics is None or KEY in metrics or any(failed):
            return
        # as the sampler deals them out, with some twice at the end
        dealt = chain.from_iterable(zip_longest(*parts))
        losses = list(dealt)[:len(runner.val_dataloader.dataset)]
        labelled = [loss for loss in losses
                    if loss is not None and not math.isnan(loss)]
        if losses:
            metrics[KEY] = (sum(labelled) / len(labelled) if labelled else
                            math.nan)


def loss_head(model: nn.Module) -> Optional[BaseDecodeHead]:
    """Return the head whose loss is one of its logits, None if there is none.

    Args:
        model: Segmentor, also within a wrapper of several processes.
    """
    head = getattr(unwrapped(model), 'decode_head', None)
    if isinstance(head, nn.ModuleList):  # a cascade's last predicts
        head = head[-1]
    if not isinstance(head, BaseDecodeHead) or head.out_channels == 1:
        return None
    first, *_ = signature(head.loss_by_feat).parameters.values()
    # others take a list or tuple, of which the prediction is one part
    return head if first.annotation is Tensor else None


def _loss_of(head: BaseDecodeHead, sample) -> float:
    """Return an image's loss; nan if none of its pixels has a label."""
    labels = sample.gt_sem_seg.data
    if not (labels != head.ignore_index).any():
        return math.nan
    losses = head.loss_by_feat(sample.seg_logits.data[None], [sample])
    # as mmengine sums them in a training
    return sum(float(value.mean()) for name, value in losses.items()
               if 'loss' in name)
