"""Statistics of batch norms, taken anew."""
import pytest
import torch
from torch import nn

from mmseg_ext.engine.norm_statistics import reestimate_norms


def run(model, batch):
    return model(batch)


@pytest.fixture
def batches():
    generator = torch.Generator().manual_seed(0)
    # images of other brightness, as they are
    return [torch.randn(size, 3, 5, 7, generator=generator) * (i + 1) + 4 * i
            for i, size in enumerate((1, 2, 4))]


def test_pools_means_and_variances(batches):
    model = nn.Sequential(nn.BatchNorm2d(3)).train()
    values = torch.cat([x.transpose(0, 1).flatten(1) for x in batches], 1)
    assert reestimate_norms(model, batches, run) == 1
    norm = model[0]
    torch.testing.assert_close(norm.running_mean, values.mean(1))
    torch.testing.assert_close(norm.running_var, values.var(1))
    # far from what an average of the variances would be
    assert (norm.running_var > 2 * torch.stack(
        [x.var((0, 2, 3)) for x in batches]).mean(0)).all()
    assert model.training and norm.training and norm.momentum == 0.1
    assert norm.num_batches_tracked == 0


def test_equals_one_batch_through_all_layers(batches):
    """Of a single batch each norm has what torch's training gives it."""
    def build():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, affine=False),
            nn.Dropout(0.9))

    model, wanted = build(), build()
    reestimate_norms(model, batches[2:], run)
    for norm in (wanted[1], wanted[4]):
        norm.momentum = 1.0
    wanted.train()(batches[2])
    for name, value in wanted.state_dict().items():
        if 'running' in name:
            torch.testing.assert_close(model.state_dict()[name], value)


def test_takes_a_fraction(batches):
    model = nn.Sequential(nn.BatchNorm2d(3), nn.LayerNorm(7))
    reestimate_norms(model, batches, run, fraction=0.5)
    whole = nn.Sequential(nn.BatchNorm2d(3), nn.LayerNorm(7))
    reestimate_norms(whole, batches, run)
    torch.testing.assert_close(model[0].running_var,
                               (1 + whole[0].running_var) / 2)


def test_refuses():
    model = nn.Sequential(nn.BatchNorm2d(3))
    with pytest.raises(ValueError, match='no image'):
        reestimate_norms(model, [], run)
    with pytest.raises(ValueError, match='single value'):
        reestimate_norms(model, [torch.rand(1, 3, 1, 1)], run)
    with pytest.raises(ValueError, match='from 0 to 1'):
        reestimate_norms(model, [torch.rand(1, 3, 2, 2)], run, 1.5)
    assert reestimate_norms(nn.Linear(2, 2), [torch.rand(1, 2)], run) == 0
