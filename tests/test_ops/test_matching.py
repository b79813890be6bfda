"""Few-shot matching against numbers by hand and formulas written out."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose

from mmseg_ext.ops import (
    area_mask,
    attention_score,
    best_threshold,
    cluster_prototypes,
    foreground_cells,
    matching,
    nearest_similarity,
    normal_distance,
    prototype,
    prototype_logits,
    subsample_cells,
)

# in 2 x 2 order; the mask is the first column
CELLS = torch.tensor([[1., 0.], [0., 1.], [1., 1.], [3., 3.]])
MASK = torch.tensor([1., 0., 1., 0.])


def random_cells(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def test_prototype_by_hand():
    found = prototype(CELLS, MASK)
    assert_allclose(found, [1, 0.5])
    cosines = 1 + 0.05 * prototype_logits(CELLS, found[None])[:, 0]
    assert_allclose(cosines, [.894427, .447214, .948683, .948683], atol=1e-6)


def test_prototype_of_nothing():
    with pytest.raises(ValueError, match='weight above 0'):
        prototype(CELLS, torch.zeros(4))


def test_dense_of_an_exact_match():
    background = torch.tensor([[0., 1.]])
    found = (nearest_similarity(CELLS, CELLS[:1])
             - nearest_similarity(CELLS, background))
    assert found[0] == 1 - 0
    assert_allclose(found[2], 0, atol=1e-6)


@pytest.mark.parametrize('chunk', [1, 70, 2**24])
def test_nearest_in_parts(chunk, monkeypatch):
    monkeypatch.setattr(matching, 'CHUNK', chunk)
    query, bank = random_cells(9, 5), random_cells(20, 5, seed=1)
    expected = F.cosine_similarity(query[:, None], bank[None], dim=2).amax(1)
    assert_allclose(nearest_similarity(query, bank), expected, atol=1e-6)
    assert_allclose(normal_distance(query, bank), 1 - expected, atol=1e-6)
    values = random_cells(20, 2, seed=2)
    cosines = F.normalize(query, dim=1) @ F.normalize(bank, dim=1).T
    assert_allclose(attention_score(query, bank, values, 0.1),
                    (cosines / 0.1).softmax(1) @ values, atol=1e-5)
    assert_allclose(attention_score(query, bank, values, 1, normalize=False),
                    (query @ bank.T).softmax(1) @ values, atol=1e-5)


def test_nothing_is_least_similar():
    assert nearest_similarity(CELLS, CELLS[:0]).tolist() == [-1] * 4


def test_limits_of_attention():
    query, keys = random_cells(6, 8), random_cells(30, 8, seed=1)
    values = (random_cells(30, 1, seed=2) > 0).float()
    cosines = F.normalize(query, dim=1) @ F.normalize(keys, dim=1).T
    assert_allclose(attention_score(query, keys, values, 1e-4),
                    values[cosines.argmax(1)], atol=1e-5)
    assert_allclose(attention_score(query, keys, values, 1e4)[:, 0],
                    values.mean().expand(6), atol=1e-3)


def test_order_of_supports_changes_nothing():
    query, keys = random_cells(6, 8), random_cells(30, 8, seed=1)
    values, order = random_cells(30, 1, seed=2), torch.randperm(30)
    assert_allclose(attention_score(query, keys, values),
                    attention_score(query, keys[order], values[order]),
                    atol=1e-5)
    assert_allclose(nearest_similarity(query, keys[:9]),
                    nearest_similarity(query, keys[:9].flip(0)), atol=1e-6)
    assert_allclose(prototype(keys, values[:, 0]**2),
                    prototype(keys[order], values[order, 0]**2), atol=1e-5)


def test_a_thin_scratch_stays():
    mask = torch.zeros(2, 32, 32, dtype=torch.bool)
    mask[0, 5:9, 3] = True  # four pixels
    covered = area_mask(mask, (2, 2))
    assert covered[0, 0, 0] == 4 / 256
    assert foreground_cells(covered).tolist() == [
        [[True, False], [False, False]], [[False] * 2] * 2]
    mask[0, 16:, 16:] = True
    # with a full cell, the other counts as neither
    assert foreground_cells(area_mask(mask, (2, 2)))[0].tolist() == [
        [False, False], [False, True]]


def test_subsample():
    cells = torch.arange(50.)[:, None]
    found = subsample_cells(cells, 10, seed=3)
    assert len(found) == 10
    assert (found.diff(dim=0) > 0).all()
    assert torch.equal(found, subsample_cells(cells, 10, seed=3))
    assert subsample_cells(cells, 50) is cells


def test_clusters():
    groups = F.normalize(torch.eye(3).repeat(10, 1)
                         + 0.05 * random_cells(30, 3), dim=1)
    # from cells of three groups, or of fewer: some seed finds all
    found = [cluster_prototypes(groups, 3, seed) for seed in range(8)]
    assert any((one.max(1).values > 0.99).all()
               and set(one.argmax(1).tolist()) == {0, 1, 2} for one in found)
    assert len(cluster_prototypes(groups[:2], 5)) == 2


def test_threshold_is_the_best_of_all():
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.3
    scores = np.round(rng.normal(size=200) + truth, 1)  # with ties
    weights = rng.integers(1, 4, 200)
    for weight in (np.ones(200, int), weights):
        every = {}
        for level in (*(np.unique(scores) - 0.05), 9):
            taken = scores > level
            every[level] = ((taken & truth) @ weight) / (
                (taken | truth) @ weight)
        threshold, iou = best_threshold(
            torch.tensor(scores), torch.tensor(truth), torch.tensor(weight))
        assert_allclose(iou, max(every.values()))
        taken = scores > threshold
        assert_allclose(((taken & truth) @ weight)
                        / ((taken | truth) @ weight), iou)


def test_threshold_for_nothing():
    with pytest.raises(ValueError, match='No pixel'):
        best_threshold(torch.zeros(3), torch.zeros(3, dtype=torch.bool))
