"""Batches of images of two domains."""
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Optional

from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import Dataset, Sampler

from mmseg_ext.basics.arguments import check_at_least

from .source_target import SourceTargetDataset


@DATA_SAMPLERS.register_module()
class DomainBatchSampler(Sampler):
    """Endless sampler of batches that hold so many images of each domain.

    For a SourceTargetDataset: first the source's images of a batch, then the
    target's. Each domain has a sampler of its own, so that all its images
    are shown before one is shown again, in any number of processes::

        train_dataloader = dict(
            batch_size=4,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            batch_sampler=dict(type='DomainBatchSampler', source=2, target=2))

    Args:
        sampler: The loader's, which is left its data set and its seed.
        batch_size: Images of a batch, in each process.
        source: How many of them are of the source; None: half, rounded
            down.
        target: How many are of the target; None: the others.
        source_sampler: Config of the source's sampler, such as
            ``dict(type='DefectBalancedSampler')`` for defects that are rare;
            None: mmengine's InfiniteSampler.
        infinite: Go on without an end, as loops over iterations do. False:
            end an epoch once the source has been shown, and go on in the
            next.

    Raises:
        ValueError: If the numbers do not fit, or the data set is another.
    """

    def __init__(self,
                 sampler: Sampler,
                 batch_size: int,
                 source: Optional[int] = None,
                 target: Optional[int] = None,
                 source_sampler: Optional[Mapping] = None,
                 infinite: bool = True) -> None:
        dataset = getattr(sampler, 'dataset', None)
        if not isinstance(dataset, SourceTargetDataset):
            raise ValueError(
                'DomainBatchSampler needs a SourceTargetDataset and '
                "sampler=dict(type='InfiniteSampler') in its loader, which "
                f'has {type(dataset).__name__} and {type(sampler).__name__}')
        if source is None:
            source = batch_size // 2 if target is None else (
                batch_size - target)
        if target is None:
            target = batch_size - source
        if source + target != batch_size:
            raise ValueError(
                f'source={source} and target={target} of DomainBatchSampler '
                f'are {source + target} images, and batch_size is '
                f'{batch_size}: make them agree')
        check_at_least(1, source=source, target=target)
        self.sampler = sampler  # mmengine tells it which epoch it is
        self.batch_size = batch_size
        self.source, self.target = source, target
        self.infinite = infinite
        self.size = len(dataset.source)
        # these go on, where another epoch asks for them anew
        self._source = endless(dataset.source, sampler, source_sampler)
        self._target = endless(dataset.target, sampler)

    def __iter__(self) -> Iterator[list[int]]:
        for _ in itertools.count() if self.infinite else range(len(self)):
            yield [
                *itertools.islice(self._source, self.source),
                *(self.size + index for index in
                  itertools.islice(self._target, self.target))]

    def __len__(self) -> int:
        """Return after how many batches the source has been shown once."""
        world = getattr(self.sampler, 'world_size', 1)
        return math.ceil(self.size / (self.source * world))


def endless(part: Dataset, sampler: Sampler,
            config: Optional[Mapping] = None) -> Iterator[int]:
    """Return indices of a part of a data set, over and over.

    Args:
        part: The data set of this part.
        sampler: The loader's, whose seed the part's gets.
        config: Of the part's sampler; None: mmengine's InfiniteSampler.
    """
    own = DATA_SAMPLERS.build(
        dict(config or dict(type='InfiniteSampler', shuffle=True)),
        default_args=dict(dataset=part, seed=getattr(sampler, 'seed', None)))
    return itertools.chain.from_iterable(itertools.repeat(own))
