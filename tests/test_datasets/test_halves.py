"""Halves of a training set: which images, and batches of both."""
import itertools

import pytest
from kinds_of_images import Images
from mmengine.dataset import InfiniteSampler
from mmseg.registry import DATASETS

from mmseg_ext.datasets import HalvesBatchSampler, HalvesDataset

DEFECTIVE, CLEAN = 6, 13


class Numbered(Images):
    """Images that have a number."""

    def load_data_list(self) -> list:
        return [dict(image, number=number)
                for number, image in enumerate(super().load_data_list())]


@pytest.fixture(autouse=True)
def images():
    """Images without files, as a data set of a config."""
    DATASETS.register_module('HalvedImages', module=Numbered)
    yield
    DATASETS.module_dict.pop('HalvedImages')


def halves(defective=DEFECTIVE, clean=CLEAN, seed=0) -> HalvesDataset:
    return HalvesDataset(dict(
        type='HalvedImages', defective=defective, clean=clean), seed)


def test_each_image_is_in_one_half_and_kinds_are_even():
    first, second = halves().halves
    assert len(first) + len(second) == len(halves()) == DEFECTIVE + CLEAN
    for half in (first, second):
        assert sum(half.get_data_info(i)['defective']
                   for i in range(len(half))) == DEFECTIVE // 2
    assert halves().get_data_info(len(first))['defective'] == (
        second.get_data_info(0)['defective'])


def test_the_seed_draws_the_halves():
    def first(seed):
        half = halves(seed=seed).halves[0]
        return [half.get_data_info(i)['number'] for i in range(len(half))]

    assert first(0) == first(0)
    assert len({tuple(first(seed)) for seed in range(5)}) == 5
    both = [half.get_data_info(i)['number'] for half in halves().halves
            for i in range(len(half))]
    assert sorted(both) == [*range(DEFECTIVE + CLEAN)]


@pytest.mark.parametrize('half_sampler', [
    None, dict(type='DefectBalancedSampler')])
def test_batches_are_half_of_each(half_sampler):
    dataset = halves()
    first = len(dataset.halves[0])
    sampler = HalvesBatchSampler(
        InfiniteSampler(dataset, seed=0), 4, half_sampler)
    found = list(itertools.islice(sampler, 200))
    for batch in found:
        assert [index < first for index in batch] == [True, True,
                                                      False, False]
    assert {index for batch in found for index in batch} == {*range(
        DEFECTIVE + CLEAN)}
    assert found[:5] == list(itertools.islice(HalvesBatchSampler(
        InfiniteSampler(dataset, seed=0), 4, half_sampler), 5))
    shown = [dataset.get_data_info(i)['defective']
             for batch in found for i in batch]
    assert sum(shown) / len(shown) == pytest.approx(
        0.5 if half_sampler else DEFECTIVE / (DEFECTIVE + CLEAN), abs=0.05)


def test_bad_arguments():
    with pytest.raises(ValueError, match='batch_size=3: must be even'):
        HalvesBatchSampler(InfiniteSampler(halves()), 3)
    with pytest.raises(ValueError, match='has Images and InfiniteSampler'):
        HalvesBatchSampler(InfiniteSampler(Images(1, 1)), 2)
    with pytest.raises(ValueError, match='the data set has 1'):
        halves(1, 0)
