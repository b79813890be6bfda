"""Batches of two domains: proportions, order, and two processes."""
import itertools
from types import SimpleNamespace

import pytest
from kinds_of_images import Images
from mmengine.dataset import InfiniteSampler

from mmseg_ext.datasets import DomainBatchSampler, SourceTargetDataset

DEFECTIVE, CLEAN, TARGETS = 3, 9, 5


class Domains(SourceTargetDataset):
    """Images without files."""

    def __init__(self) -> None:
        self.source = Images(DEFECTIVE, CLEAN)
        self.target = Images(0, TARGETS)


def batches(count=None, seed=0, rank=0, world_size=1, batch_size=4, **kwargs):
    sampler = InfiniteSampler(Domains(), seed=seed)
    sampler.world_size = world_size
    found = DomainBatchSampler(sampler, batch_size, **kwargs)
    return found if count is None else list(itertools.islice(found, count))


def split(found):
    return ([i for batch in found for i in batch if i < 12],
            [i for batch in found for i in batch if i >= 12])


@pytest.mark.parametrize('numbers, expected', [
    (dict(), (2, 2)), (dict(source=3), (3, 1)), (dict(target=3), (1, 3)),
    (dict(source=2, target=2), (2, 2)), (dict(batch_size=5), (2, 3))])
def test_so_many_of_each(numbers, expected):
    for batch in batches(30, **numbers):
        source, target = split([batch])
        assert (len(source), len(target)) == expected
        assert batch == source + target  # in this order
        assert max(target) < 12 + TARGETS


def test_all_of_a_domain_are_shown_before_one_is_shown_again():
    for shown, size in zip(split(batches(60)), (12, TARGETS)):
        rounds = list(zip(*[iter(shown)] * size))
        assert all(len(set(order)) == size for order in rounds)
        assert len(set(rounds)) > 1


def test_seed_and_epochs():
    assert batches(20) == batches(20) != batches(20, seed=1)
    ends = batches(infinite=False)
    assert len(ends) == 6
    # 12 of the source, 2 a batch; the second epoch goes on
    assert [*ends, *ends] == batches(12)


def test_rare_defects_of_the_source():
    found = split(batches(400, source_sampler=dict(
        type='DefectBalancedSampler', share=0.5)))[0]
    share = sum(i < DEFECTIVE for i in found) / len(found)
    assert share == pytest.approx(0.5, abs=0.07)


def test_two_processes_share_one_order(monkeypatch):
    whole = split(batches(30, batch_size=8))
    ranks = []
    for rank in range(2):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info',
                            lambda rank=rank: (rank, 2))
        ranks.append(split(batches(30)))
    for domain in range(2):
        one, other = (rank[domain] for rank in ranks)
        assert [i for pair in zip(one, other) for i in pair] == whole[domain]


@pytest.mark.parametrize('numbers, match', [
    (dict(source=2, target=3), 'are 5 images, and batch_size is 4'),
    (dict(batch_size=1), 'source=0'), (dict(source=4), 'target=0')])
def test_numbers_that_do_not_fit(numbers, match):
    with pytest.raises(ValueError, match=match):
        batches(**numbers)


def test_another_data_set():
    with pytest.raises(ValueError, match='needs a SourceTargetDataset'):
        DomainBatchSampler(InfiniteSampler(Images(1, 1), seed=0), 4)
    with pytest.raises(ValueError, match='has NoneType and SimpleNamespace'):
        DomainBatchSampler(SimpleNamespace(), 4)
