"""Batches of two halves of the training set, in a config."""
import copy
from collections.abc import Mapping


def two_halves(loader: Mapping) -> dict:
    """Return what a train_dataloader changes for a search.

    Half of each batch is of one half of its data set, from which the weights
    learn, and half of the other, from which the architecture does. In a
    config::

        train_dataloader = two_halves(_base_.train_dataloader)

    Args:
        loader: Section of the plain training. Its sampler becomes that of
            each half.
    """
    sampler = {name: value for name, value in loader['sampler'].items()
               if name != 'dataset'}
    return dict(
        sampler=dict(_delete_=True, type='InfiniteSampler', shuffle=True),
        batch_sampler=dict(type='HalvesBatchSampler', half_sampler=sampler),
        dataset=dict(
            _delete_=True,
            type='HalvesDataset',
            dataset=copy.deepcopy(dict(loader['dataset']))))
