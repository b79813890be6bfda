"""Two halves of a training set, and batches that hold images of both."""
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Optional

import torch
from mmengine.dataset import BaseDataset
from mmseg.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler

from mmseg_ext.basics.halves import ARCHITECTURE, WEIGHTS

from .domain_batches import endless


@DATASETS.register_module()
class HalvesDataset(Dataset):
    """A data set whose samples say which half of it they are of.

    Half of the images are drawn for the weights, the others for the
    architecture of a search; of data whose samples have ``defective``, half
    of each kind. ``half`` of a sample's metainfo says which. The images of
    the first half come first.

    Args:
        dataset: Config of any of our data sets.
        seed: Of drawing; the same one gives the same halves.

    Raises:
        ValueError: If there are fewer than two images.
    """

    def __init__(self, dataset: Mapping, seed: int = 0) -> None:
        whole: BaseDataset = DATASETS.build(dict(dataset))
        whole.full_init()
        if len(whole) < 2:
            raise ValueError(f'A search needs two images to train on or more;'
                             f' the data set has {len(whole)}')
        self.halves = [whole.get_subset(indices)
                       for indices in _drawn(whole, seed)]
        self.metainfo = whole.metainfo

    @property
    def ignore_index(self) -> int:
        """Label of pixels without one."""
        return self.halves[0].ignore_index

    @property
    def datasets(self) -> list[BaseDataset]:
        """Both, as torch's ConcatDataset names its own."""
        return self.halves

    def __len__(self) -> int:
        return sum(map(len, self.halves))

    def __getitem__(self, index: int) -> dict:
        half, inner = self._place(index)
        sample = self.halves[half][inner]
        sample['data_samples'].set_metainfo(
            dict(half=(WEIGHTS, ARCHITECTURE)[half]))
        return sample

    def get_data_info(self, index: int) -> dict:
        """Return what the pipeline is handed."""
        half, inner = self._place(index)
        return self.halves[half].get_data_info(inner)

    def _place(self, index: int) -> tuple[int, int]:
        first = len(self.halves[0])
        return (0, index) if index < first else (1, index - first)


@DATA_SAMPLERS.register_module()
class HalvesBatchSampler(Sampler):
    """Endless sampler of batches, half of each half of a HalvesDataset.

    First come the images that the weights learn from. Each half has a sampler
    of its own, so that all its images are shown before one is shown again::

        train_dataloader = dict(
            batch_size=8,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            batch_sampler=dict(type='HalvesBatchSampler'))

    Args:
        sampler: The loader's, which is left its data set and its seed.
        batch_size: Images of a batch, an even number.
        half_sampler: Config of the sampler of each half, such as
            ``dict(type='DefectBalancedSampler')``; None: mmengine's
            InfiniteSampler.

    Raises:
        ValueError: If ``batch_size`` is odd, or the data set is another.
    """

    def __init__(self,
                 sampler: Sampler,
                 batch_size: int,
                 half_sampler: Optional[Mapping] = None) -> None:
        dataset = getattr(sampler, 'dataset', None)
        if not isinstance(dataset, HalvesDataset):
            raise ValueError(
                'HalvesBatchSampler needs a HalvesDataset and '
                "sampler=dict(type='InfiniteSampler') in its loader, which "
                f'has {type(dataset).__name__} and {type(sampler).__name__}')
        if batch_size < 2 or batch_size % 2:
            raise ValueError(f'batch_size={batch_size!r}: must be even, for '
                             'half of each batch is of either half of the '
                             'training set')
        self.sampler = sampler  # mmengine tells it which epoch it is
        self.batch_size = batch_size
        self.first = len(dataset.halves[0])
        self._weights, self._architecture = (
            endless(half, sampler, half_sampler) for half in dataset.halves)

    def __iter__(self) -> Iterator[list[int]]:
        half = self.batch_size // 2
        while True:
            yield [*itertools.islice(self._weights, half),
                   *(self.first + index for index in
                     itertools.islice(self._architecture, half))]

    def __len__(self) -> int:
        """Return after how many batches the first half was shown once."""
        return math.ceil(self.first / (self.batch_size // 2))


def _drawn(dataset: BaseDataset, seed: int) -> tuple[list[int], list[int]]:
    """Deal the images of each kind out in turn, in a random order."""
    order = torch.randperm(
        len(dataset), generator=torch.Generator().manual_seed(seed)).tolist()
    kinds = defaultdict(list)
    for index in order:
        kinds[dataset.get_data_info(index).get('defective')].append(index)
    dealt = list(itertools.chain.from_iterable(kinds.values()))
    return sorted(dealt[::2]), sorted(dealt[1::2])
