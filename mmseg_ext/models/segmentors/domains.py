"""What of a batch is of which domain."""
from collections.abc import Sequence

import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_ext.basics.domains import SOURCE, TARGET

from .batch_parts import split_batch


def split_domains(samples: Sequence[SegDataSample]
                  ) -> tuple[list[int], list[int]]:
    """Return the places of the source's and of the target's samples.

    Args:
        samples: With ``domain`` in their metainfo, as those of a
            SourceTargetDataset.

    Raises:
        ValueError: If some do not say which they are of, or one of both is
            missing.
    """
    return split_batch(
        samples, 'domain', {SOURCE: 'the source', TARGET: 'the target'},
        "In train_dataloader, dataset=dict(type='SourceTargetDataset', "
        "source=..., target=...) and batch_sampler=dict("
        "type='DomainBatchSampler') make such batches")


def image_pixels(samples: Sequence[SegDataSample],
                 inputs: Tensor) -> Tensor:
    """Return where a batch shows images, and not what they were padded by.

    Args:
        samples: With ``padding_size`` of mmseg's preprocessor (left, right,
            top, bottom), if anything was padded.
        inputs: (B, 3, H, W)

    Returns:
        (B, H, W), bool
    """
    height, width = inputs.shape[2:]
    shown = torch.zeros(len(samples), height, width, dtype=torch.bool)
    for mask, sample in zip(shown, samples):
        left, right, top, bottom = sample.metainfo.get('padding_size',
                                                       (0, 0, 0, 0))
        mask[top:height - bottom, left:width - right] = True
    return shown.to(inputs.device)
