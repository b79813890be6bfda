"""SegFormer's head, fused before it is enlarged, against mmseg's."""
import pytest
import torch
from mmcv.cnn import fuse_conv_bn
from mmseg.models.decode_heads import SegformerHead
from model_tests import ODD, UpstreamTests, grids, pyramid
from saved_memory import kept_bytes, saved_bytes

from mmseg_ext.models.decode_heads.fused_segformer_head import (
    FusedSegformerHead,
)
from mmseg_ext.ops import blocks

CHANNELS = [4, 5, 6, 7]
GRIDS = {
    'even': [(16, 24), (8, 12), (4, 6), (2, 3)],
    'odd': [(15, 17), (8, 9), (4, 5), (2, 3)],
    'one pixel': [(17, 9), (9, 5), (5, 3), (3, 1)],
}


@pytest.fixture(autouse=True, params=['blocks', 'at once'])
def form(request, monkeypatch):
    """Batches are gone through in blocks, or taken at once as on a GPU."""
    if request.param == 'at once':
        monkeypatch.setattr(blocks, 'DEVICES', ())


def arguments(**kwargs) -> dict:
    return {
        **dict(
            in_channels=CHANNELS,
            in_index=[0, 1, 2, 3],
            channels=8,
            num_classes=3,
            dropout_ratio=0,
            norm_cfg=dict(type='BN'),
            align_corners=False),
        **kwargs
    }


class TestFusedSegformerHead(UpstreamTests):
    # test_saves_one_map_where_it_is_compiled
    test_compiles_for_training = None

    def build(self):
        return FusedSegformerHead(**arguments())

    def upstream(self):
        return SegformerHead(**arguments())

    def inputs(self, batch, size):
        return pyramid(CHANNELS, batch, size)

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size)[0])]

    def one_stage(self):
        head = FusedSegformerHead(
            **arguments(in_channels=CHANNELS[:1], in_index=[0]))
        return head, self.inputs(2, ODD)[:1]


def maps(grids='even', dtype=torch.float64) -> list:
    torch.manual_seed(0)
    return [
        torch.randn(2, c, *grid, dtype=dtype, requires_grad=True)
        for c, grid in zip(CHANNELS, GRIDS[grids])
    ]


def twins(**kwargs) -> list:
    """mmseg's head and ours, with the same weights."""
    theirs = SegformerHead(**arguments(**kwargs)).double()
    for tensor in theirs.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(0.3 * torch.randn_like(tensor))
    for name, buffer in theirs.named_buffers():
        if name.endswith('running_var'):
            buffer.abs_().add_(0.5)
    ours = FusedSegformerHead(**arguments(**kwargs)).double()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return [theirs, ours]


def run(head, inputs) -> tuple:
    """Logits, gradients of the maps and of all parameters, and buffers."""
    torch.manual_seed(0)
    logits = head(inputs)
    loss = (logits * torch.linspace(-1, 1, logits.numel()).view(
        logits.shape)).sum()
    gradients = torch.autograd.grad(loss, [*inputs, *head.parameters()])
    return logits, list(gradients), list(head.buffers())


def assert_equal_to_mmseg(grids='even', train=False, stages=4, **kwargs):
    inputs = maps(grids)[:stages]
    theirs, ours = (
        run(head.train(train), inputs) for head in twins(**kwargs))
    torch.testing.assert_close(ours[0], theirs[0], atol=1e-8, rtol=1e-8)
    torch.testing.assert_close(ours[1], theirs[1], atol=1e-8, rtol=1e-6)
    torch.testing.assert_close(ours[2], theirs[2])
    assert all(g.abs().max() > 0 for g in theirs[1])


@pytest.mark.parametrize('train', [False, True])
@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('grids', GRIDS)
@pytest.mark.filterwarnings('ignore:When align_corners')
def test_equals_mmseg(grids, align_corners, train):
    assert_equal_to_mmseg(grids, train, align_corners=align_corners)


@pytest.mark.parametrize('norm_cfg', [
    dict(type='SyncBN', momentum=None),
    dict(type='BN', track_running_stats=False),
    dict(type='BN', affine=False),
    dict(type='GN', num_groups=2),
    None,
], ids=['cumulative', 'untracked', 'no affine', 'GN', 'none'])
def test_equals_mmseg_with_other_norms(norm_cfg):
    assert_equal_to_mmseg('odd', train=True, norm_cfg=norm_cfg)


def test_equals_mmseg_with_another_activation():
    assert_equal_to_mmseg('odd', train=True, act_cfg=dict(type='GELU'))


def test_equals_mmseg_with_frozen_norms():
    results = []
    for head in twins():
        head.train()
        for module in head.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
        results.append(run(head, maps('odd')))
    torch.testing.assert_close(results[1], results[0])


def test_one_pixel_has_no_variance():
    maps = [torch.randn(1, c, 1, 1, dtype=torch.float64) for c in CHANNELS]
    for head in twins():
        with pytest.raises(ValueError, match='more than 1 value per channel'):
            head.train()(maps)


def saved_maps(head, inputs, measure=kept_bytes) -> float:
    """What autograd saves, in maps of 64 channels at the first grid."""
    own = [*inputs, *head.parameters(), *head.buffers()]
    return measure(lambda: head(inputs), own) / (2 * 64 * 16 * 24 * 8)


def test_saves_one_map_for_the_backward_pass():
    theirs, ours = (
        saved_maps(head.train(), maps())
        for head in twins(channels=64, dropout_ratio=0.1))
    assert theirs > 9
    # matrices and moments are larger beside a map this small
    assert 1 <= ours < 1.6


def test_saves_one_map_where_it_is_compiled():
    _, head = twins(channels=64)
    # the partition of inductor, without its compiler
    compiled = torch.compile(
        head.train(), backend='aot_eager_decomp_partition', fullgraph=True)
    state = {k: v.clone() for k, v in head.state_dict().items()}
    results = []
    for network in (compiled, head):
        head.load_state_dict(state)
        logits, gradients, buffers = run(network, maps())
        results.append([logits, gradients, [x.clone() for x in buffers]])
    torch.testing.assert_close(results[0], results[1])
    assert 1 <= saved_maps(compiled, maps(), saved_bytes) < 1.6


def test_equals_mmseg_with_the_same_channels_dropped():
    assert_equal_to_mmseg(train=True, dropout_ratio=0.5)


@pytest.mark.parametrize('stages', [1, 2])
@pytest.mark.parametrize('train', [False, True])
def test_equals_mmseg_with_fewer_stages(stages, train):
    assert_equal_to_mmseg(
        'odd', train, stages, in_channels=CHANNELS[:stages],
        in_index=list(range(stages)))


def test_equals_mmseg_where_a_convolution_before_a_norm_has_a_bias():
    results = []
    for head in twins():
        conv = head.convs[1].conv
        conv.bias = torch.nn.Parameter(torch.arange(8.).double())
        results.append([head.train()(maps()), *head.buffers()])
    torch.testing.assert_close(results[1], results[0])


def test_equals_mmseg_where_the_first_map_is_not_the_largest():
    assert_equal_to_mmseg(
        'odd', True, in_index=[2, 0, 3, 1],
        in_channels=[CHANNELS[i] for i in (2, 0, 3, 1)])


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.filterwarnings('ignore:When align_corners')
def test_equals_mmseg_bicubic(align_corners):
    assert_equal_to_mmseg(
        'odd', True, interpolate_mode='bicubic', align_corners=align_corners)


@pytest.mark.parametrize('mode', ['nearest', 'nearest-exact', 'area'])
@pytest.mark.parametrize('align_corners', [None, False])
def test_equals_mmseg_without_corners(mode, align_corners):
    # mmseg's own runs in these modes for None only
    theirs, ours = twins(interpolate_mode=mode, align_corners=None)
    ours.align_corners = align_corners
    inputs = maps('odd')
    theirs, ours = (run(head, inputs) for head in (theirs, ours))
    torch.testing.assert_close(ours[:2], theirs[:2])


def test_equals_mmseg_in_single_precision():
    theirs, ours = (head.float() for head in twins())
    inputs = maps('odd', dtype=torch.float32)
    theirs, ours = (run(head, inputs) for head in (theirs, ours))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_equals_mmseg_with_fused_norms():
    theirs, ours = (head.eval() for head in twins())
    inputs = maps()
    expected = theirs(inputs)
    fused = fuse_conv_bn(ours)
    assert fused.fusion_conv.conv.bias is not None
    torch.testing.assert_close(fused(inputs), expected)


def test_starts_from_the_same_weights_under_one_seed():
    heads = []
    for kind in (SegformerHead, FusedSegformerHead):
        torch.manual_seed(0)
        heads.append(kind(**arguments()))
        heads[-1].init_weights()
    theirs, ours = (head.state_dict() for head in heads)
    assert list(ours) == list(theirs)
    torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


def exported(head):
    with torch.no_grad():
        return torch.export.export(head.eval(), (maps(), ))


def test_holds_no_map_wider_than_the_head():
    largest = [
        max(node.meta['val'].numel() for node in exported(head).graph.nodes
            if node.op == 'call_function'
            and isinstance(node.meta['val'], torch.Tensor))
        for head in twins()
    ]
    one_map = 2 * 8 * 16 * 24
    assert largest == [4 * one_map, one_map]


@pytest.mark.parametrize('mode', ['linear', 'trilinear', None])
def test_other_modes_are_refused(mode):
    with pytest.raises(ValueError, match=r"'bilinear', 'bicubic', 'nearest'"):
        FusedSegformerHead(**arguments(interpolate_mode=mode))
