"""SegFormer's head with finer maps, written out, and learning detail."""
import pytest
import torch
import torch.nn.functional as F
from model_tests import ODD, ModelTests, grids, randomised
from torch import nn

from mmseg_ext.models import DetailSegformerHead, FusedSegformerHead

CHANNELS = [4, 5, 6, 7]


def arguments(**kwargs) -> dict:
    return dict(dict(
        in_channels=CHANNELS, detail_in_channels=[2, 3],
        detail_channels=[6, 5], channels=8, num_classes=3, dropout_ratio=0,
        norm_cfg=dict(type='BN'), align_corners=False), **kwargs)


def maps(batch, size) -> list:
    """Of strides 1 and 2, and then of 4 to 32."""
    return [torch.randn(batch, c, *grid) for c, grid in zip(
        [2, 3, *CHANNELS], grids(6, size, 1))]


class TestDetailSegformerHead(ModelTests):
    test_compiles_for_training = None  # as that of FusedSegformerHead

    def build(self):
        return DetailSegformerHead(**arguments())

    def inputs(self, batch, size):
        return maps(batch, size)

    def shapes(self, batch, size):
        return [(batch, 3, *size)]

    def one_stage(self):
        head = DetailSegformerHead(**arguments(
            in_channels=CHANNELS[:1], detail_in_channels=[3],
            detail_channels=[6]))
        return head, maps(2, ODD)[1:3]


def convolved(conv_module: nn.Module, x, kernel=None):
    """Convolution by any kernel, norm in evaluation, ReLU."""
    x = F.conv2d(x, conv_module.conv.weight if kernel is None else kernel,
                 padding=1)
    mean, variance, weight, bias = (
        each.view(-1, 1, 1) for each in (
            conv_module.bn.running_mean, conv_module.bn.running_var,
            conv_module.bn.weight, conv_module.bn.bias))
    return ((x - mean) / (variance + 1e-5).sqrt() * weight + bias).clamp(0)


@pytest.mark.parametrize('align_corners', [False, True])
def test_is_a_u_net_over_the_sum_of_stages(align_corners):
    """Enlarge, concatenate, convolve twice: the usual form of a block."""
    torch.manual_seed(0)
    head = randomised(DetailSegformerHead(**arguments(
        align_corners=align_corners)).double()).eval()
    inputs = [x.double() for x in maps(2, (33, 23))]
    # the sum of the stages before a classifier: a classifier that copies it
    stages = FusedSegformerHead(**{
        name: value for name, value in arguments(
            in_index=[0, 1, 2, 3], num_classes=8,
            align_corners=align_corners).items()
        if 'detail' not in name}).double().eval()
    stages.load_state_dict({
        **{name: value for name, value in head.state_dict().items()
           if name.startswith(('convs', 'fusion_conv'))},
        'conv_seg.weight': torch.eye(8).view(8, 8, 1, 1).double(),
        'conv_seg.bias': torch.zeros(8).double()})
    x = stages(inputs[2:])
    for fine, reduction, block in zip((inputs[1], inputs[0]),
                                      head.reductions, head.details):
        x = F.interpolate(x, fine.shape[2:], mode='bilinear',
                          align_corners=align_corners)
        point = F.pad(reduction.weight, (1, 1, 1, 1))  # 1 x 1 as 3 x 3
        x = convolved(block.lateral, torch.cat([x, fine], 1),
                      torch.cat([point, block.lateral.conv.weight], 1))
        x = convolved(block.conv, x)
    expected = F.conv2d(x, head.conv_seg.weight, head.conv_seg.bias)
    torch.testing.assert_close(head(inputs), expected)


def test_in_index_names_the_maps():
    torch.manual_seed(0)
    head = randomised(DetailSegformerHead(**arguments(
        in_channels=CHANNELS[1:], detail_in_channels=[3],
        detail_channels=[6], in_index=[1, 3, 4, 5]))).eval()
    inputs = maps(1, ODD)
    same = DetailSegformerHead(**arguments(
        in_channels=CHANNELS[1:], detail_in_channels=[3],
        detail_channels=[6])).eval()
    same.load_state_dict(head.state_dict())
    torch.testing.assert_close(
        head(inputs), same([inputs[i] for i in (1, 3, 4, 5)]))


def test_finds_what_stride_4_cannot_hold():
    """A chequerboard of single pixels, from a map that has it."""
    torch.manual_seed(0)
    rows = torch.arange(16).view(-1, 1) + torch.arange(16)
    board = (rows % 2).float().view(1, 1, 16, 16)
    coarse = torch.ones(1, 4, 4, 4)
    head = DetailSegformerHead(**arguments(
        in_channels=[4], detail_in_channels=[1], detail_channels=[8],
        num_classes=2))
    head.init_weights()
    optimizer = torch.optim.Adam(head.parameters(), 0.02)
    for _ in range(60):
        loss = F.cross_entropy(head([board, coarse]), board[0].long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (head([board, coarse]).argmax(1) == board[0]).all()


@pytest.mark.parametrize(('kwargs', 'words'), [
    (dict(detail_channels=[6]), 'must be 2 integers'),
    (dict(detail_in_channels=[]), 'one for each finer map'),
    (dict(in_index=[0, 1, 2]), 'must name 2 finer maps and 4 others'),
])
def test_bad_arguments(kwargs, words):
    with pytest.raises(ValueError, match=words):
        DetailSegformerHead(**arguments(**kwargs))
