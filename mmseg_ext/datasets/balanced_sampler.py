"""Draw defective images as often as clean ones."""
import itertools
from collections.abc import Iterator, Sized
from typing import Optional

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import Sampler


@DATA_SAMPLERS.register_module()
class DefectBalancedSampler(Sampler):
    """Endless sampler that shows as many defective images as clean ones.

    In place of mmengine's InfiniteSampler, for data whose samples have
    ``defective``. Where a tenth of the images are defective, most batches of
    eight would otherwise hold one of them or none. To weight the loss
    instead leaves it so, and lets that one outweigh the rest of its batch.

    Each place in a batch is given to one of the two kinds at random, and
    all images of a kind are shown before one is shown again. A model trained
    this way takes ``share`` for the usual fraction of defective images: it
    finds more of them, and raises more false alarms.

    Args:
        dataset: Dataset whose ``get_data_info(i)`` has ``defective``.
        share: Fraction of defective images among those drawn, above 0 and
            below 1.
        seed: Seed of the order; must be the same in all processes. None:
            drawn at random.

    Raises:
        ValueError: If ``share`` is out of its range, samples do not say
            whether they are defective, or there are none of one kind.

    Reference:
        One clean image to each defective one is how KolektorSDD2's authors
        train on it: github.com/vicoslab/mixed-segdec-net-comind2021,
        data/dataset.py at 0899e5e, line 19.
    """

    def __init__(self,
                 dataset: Sized,
                 share: float = 0.5,
                 seed: Optional[int] = None) -> None:
        if not 0 < share < 1:
            raise ValueError(f'share={share!r}: must be above 0 and below 1')
        self.rank, self.world_size = get_dist_info()
        self.share = share
        self.seed = sync_random_seed() if seed is None else seed
        self.size = len(dataset)
        kinds = [dataset.get_data_info(i).get('defective')
                 for i in range(self.size)]
        if None in kinds:
            raise ValueError('DefectBalancedSampler needs samples with '
                             '\'defective\', as KSDD2Dataset has; those of '
                             'this data set do not say it.')
        # clean, defective
        self.members = [[i for i, kind in enumerate(kinds) if kind == wanted]
                        for wanted in (False, True)]
        if not all(self.members):
            clean, defective = map(len, self.members)
            raise ValueError(f'{clean} clean and {defective} defective '
                             'images cannot be balanced; use '
                             'InfiniteSampler.')
        # One stream for all epochs, as in InfiniteSampler.
        self.indices = itertools.islice(
            self._all_indices(), self.rank, None, self.world_size)

    def _all_indices(self) -> Iterator[int]:
        """Yield the indices of all processes together."""
        generator = torch.Generator().manual_seed(self.seed)

        def shuffled(members: list[int]) -> Iterator[int]:
            while True:
                order = torch.randperm(len(members), generator=generator)
                yield from (members[i] for i in order.tolist())

        streams = [shuffled(members) for members in self.members]
        while True:
            defective = torch.rand((), generator=generator) < self.share
            yield next(streams[int(defective)])

    def __iter__(self) -> Iterator[int]:
        yield from self.indices

    def __len__(self) -> int:
        """Length of the dataset, as InfiniteSampler's."""
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: there are no epochs."""
