"""Batches of two domains, in a config."""
import copy
from collections.abc import Mapping
from typing import Any, Optional


def two_domains(loader: Mapping, target: Optional[Any] = None) -> dict:
    """Return what a train_dataloader changes for batches of two domains.

    Half of each batch is of its own data set, the source, and half of the
    target, of which no masks are needed. In a config::

        train_dataloader = two_domains(_base_.train_dataloader)

    Args:
        loader: Section of the source alone.
        target: See :class:`~mmseg_ext.datasets.source_target.
            SourceTargetDataset`; None: it is asked for, by
            ``--cfg-options train_dataloader.dataset.target=DIR``.
    """
    return dict(
        batch_sampler=dict(type='DomainBatchSampler'),
        dataset=dict(
            _delete_=True,
            type='SourceTargetDataset',
            source=copy.deepcopy(dict(loader['dataset'])),
            target=target))
