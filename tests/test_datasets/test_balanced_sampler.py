"""DefectBalancedSampler: shares, order, and two processes."""
import itertools

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from kinds_of_images import Images
from mmengine.dataset import RepeatDataset

from mmseg_ext.datasets import DefectBalancedSampler


def draw(sampler, count: int) -> list:
    return list(itertools.islice(iter(sampler), count))


@pytest.mark.parametrize('share', [0.2, 0.5])
def test_share_of_defective_images(share):
    drawn = draw(
        DefectBalancedSampler(Images(3, 97), share=share, seed=0), 4000)
    found = sum(index < 3 for index in drawn) / len(drawn)
    assert found == pytest.approx(share, abs=0.03)  # 4 deviations


def test_batches_hold_both_kinds():
    drawn = draw(DefectBalancedSampler(Images(3, 97), seed=0), 800)
    for batch in zip(*[iter(drawn)] * 16):
        assert 0 < sum(index < 3 for index in batch) < 16


def test_all_of_a_kind_are_shown_before_one_is_shown_again():
    drawn = draw(DefectBalancedSampler(Images(4, 10), seed=3), 400)
    for members in (range(4), range(4, 14)):
        mine = [index for index in drawn if index in members]
        rounds = list(zip(*[iter(mine)] * len(members)))
        assert all(set(order) == set(members) for order in rounds)
        assert len(set(rounds)) > 1  # in another order


def test_seed():
    images = Images(4, 10)
    first, again, other = (
        draw(DefectBalancedSampler(images, seed=seed), 50)
        for seed in (0, 0, 1))
    assert first == again != other
    assert len(DefectBalancedSampler(images)) == 14


def test_drawing_goes_on_where_it_stopped():
    sampler = DefectBalancedSampler(Images(4, 10), seed=0)
    halves = draw(sampler, 20) + draw(sampler, 20)
    assert halves == draw(DefectBalancedSampler(Images(4, 10), seed=0), 40)


def test_wrapped_dataset():
    twice = RepeatDataset(Images(4, 10), times=2)
    drawn = draw(DefectBalancedSampler(twice, seed=0), 200)
    assert set(drawn) == set(range(28))


def _rank(rank: int, folder: str) -> None:
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    drawn = draw(DefectBalancedSampler(Images(4, 10), seed=0), 30)
    torch.save(drawn, f'{folder}/{rank}.pt')
    dist.destroy_process_group()


def test_two_processes_share_one_order(tmp_path):
    mp.start_processes(_rank, (str(tmp_path), ), nprocs=2,
                       start_method='fork')
    ranks = [torch.load(tmp_path / f'{rank}.pt') for rank in (0, 1)]
    together = [index for pair in zip(*ranks) for index in pair]
    assert together == draw(DefectBalancedSampler(Images(4, 10), seed=0), 60)


@pytest.mark.parametrize('share', [0, 1, -0.5])
def test_bad_share(share):
    with pytest.raises(ValueError, match=f'share={share}'):
        DefectBalancedSampler(Images(1, 1), share=share)


@pytest.mark.parametrize('counts', [(0, 5), (5, 0)])
def test_one_kind_alone(counts):
    with pytest.raises(ValueError, match=f'{counts[1]} clean and '
                       f'{counts[0]} defective .*InfiniteSampler'):
        DefectBalancedSampler(Images(*counts))


def test_samples_that_do_not_say():
    images = Images(2, 2)
    images.kinds = [True, None]
    images.data_list = images.load_data_list()
    images._fully_initialized = False
    images.full_init()
    with pytest.raises(ValueError, match="'defective'"):
        DefectBalancedSampler(images)
