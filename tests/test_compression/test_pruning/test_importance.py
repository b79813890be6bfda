"""Scores of channels against what they are by hand."""
import pytest
import torch
from mmcv.cnn import ConvModule
from torch import nn

from mmseg_ext.compression.pruning import importance


class Net(nn.Module):
    """A convolution with two filters, the second twice the first."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ConvModule(1, 3, 1, bias=False,
                                   norm_cfg=dict(type='BN'))
        self.decode_head = nn.Conv2d(3, 2, 1)
        with torch.no_grad():
            self.backbone.conv.weight.copy_(
                torch.tensor([-1.5, -3.0, 0.0]).view(3, 1, 1, 1))

    def extract_feat(self, x):
        return self.backbone(x)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net().eval()


def test_activation_is_the_mean_absolute_output(net):
    conv = net.backbone.conv
    ones = [torch.ones(1, 1, 2, 2), torch.ones(3, 1, 2, 2)]
    scores = importance.activation(net, ones)
    assert scores[conv].tolist() == [1.5, 3.0, 0.0]
    scaled = importance.activation(net, [4 * x for x in ones])
    assert scaled[conv].tolist() == [6.0, 12.0, 0.0]
    # behind a ReLU negative filters are still
    behind = importance.activation(net, ones, after_norm=True)
    assert behind[conv].tolist() == [0.0, 0.0, 0.0]
    assert (behind[net.decode_head] > 0).any()
    # the mean is over positions, whatever the batches
    x = torch.randn(5, 1, 3, 4)
    split = importance.activation(net, [x[:1], x[1:]])[conv]
    torch.testing.assert_close(split.float(), 1.5 * x.abs().mean()
                               * torch.tensor([1., 2., 0.]))


def test_tokens_have_their_channels_last():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 3, bias=False)
            self.decode_head = nn.Identity()

        def extract_feat(self, x):
            return self.layer(x)

    net = Tokens()
    x = torch.randn(2, 5, 2)
    found = importance.activation(net, [x])[net.layer]
    torch.testing.assert_close(found.float(),
                               net.layer(x).abs().mean((0, 1)))


def test_magnitude(net):
    assert importance.magnitude(net)[net.backbone.conv].tolist() == [
        1.5, 3.0, 0.0]
    turned = nn.ConvTranspose2d(2, 3, 2)
    torch.testing.assert_close(
        importance.magnitude(turned)[turned],
        turned.weight.detach().square().sum((0, 2, 3)).sqrt())


def test_random_is_the_same_under_one_seed(net):
    first, again, other = (importance.random(net, seed)[net.backbone.conv]
                           for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_layers_of_a_group_count_alike():
    first, second, none = (nn.Conv2d(1, 2, 1) for _ in range(3))
    score = importance.GroupImportance({
        first: torch.tensor([1.0, 3.0]),
        second: torch.tensor([0.0, 500.0, 0.0, 1500.0])})
    # the second layer's channels 3 and 1 are the group's 0 and 1
    found = score([(first, [0, 1], [0, 1]), (second, [3, 1], [0, 1]),
                   (none, [0, 1], [0, 1])], 2)
    torch.testing.assert_close(
        found, torch.tensor([(0.5 + 1.5) / 2, (1.5 + 0.5) / 2],
                            dtype=torch.float64))
    assert score([(none, [0], [0])], 2) is None
