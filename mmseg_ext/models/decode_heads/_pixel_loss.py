"""What mmseg's heads compute from logits and labels, in less time."""
from mmseg.models.utils import resize
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_ext.ops import pixel_accuracy


class PixelLossMixin:
    """Compute mmseg's losses with :func:`mmseg_ext.ops.pixel_accuracy`.

    To be named before mmseg's BaseDecodeHead among the bases of a head. The
    accuracy is for the log alone and took a CPU longer than the losses.

    Reference:
        open-mmlab/mmsegmentation v1.2.2,
        mmseg/models/decode_heads/decode_head.py, line 291.
    """

    def loss_by_feat(self, seg_logits: Tensor,
                     batch_data_samples: SampleList) -> dict[str, Tensor]:
        """Compute the losses and the accuracy.

        Args:
            seg_logits: Logits of the classes, (B, C, h, w).
            batch_data_samples: Samples with ``gt_sem_seg``, (1, H, W) each.

        Returns:
            The losses by their names, equal names summed, and ``acc_seg``
            in percent.
        """
        labels = self._stack_batch_gt(batch_data_samples)
        logits = resize(
            seg_logits,
            labels.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)
        weight = None
        if self.sampler is not None:
            weight = self.sampler.sample(logits, labels)
        labels = labels.squeeze(1)
        several = isinstance(self.loss_decode, nn.ModuleList)
        losses = {}
        for loss in self.loss_decode if several else [self.loss_decode]:
            value = loss(
                logits, labels, weight=weight, ignore_index=self.ignore_index)
            losses[loss.loss_name] = losses.get(loss.loss_name, 0) + value
        losses['acc_seg'] = pixel_accuracy(logits, labels, self.ignore_index)
        return losses
