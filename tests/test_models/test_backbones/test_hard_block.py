"""HarDBlock's links and widths from the paper's table, and its flow."""
import pytest
import torch

from mmseg_ext.models.backbones.hard_block import (
    HarDBlock,
    layer_width,
    links,
)

LINKS = {0: [], 1: [0], 2: [1, 0], 3: [2], 4: [3, 2, 0], 5: [4], 6: [5, 4],
         7: [6], 8: [7, 6, 4, 0], 12: [11, 10, 8], 16: [15, 14, 12, 8, 0]}


@pytest.mark.parametrize('layer', LINKS)
def test_links(layer):
    assert links(layer) == LINKS[layer]


@pytest.mark.parametrize(('growth', 'widths'), [
    # floor to even of g, 1.7 g, 2.89 g, 4.913 g, each plus 1
    (10, [10, 18, 10, 28]),
    (16, [16, 28, 16, 46]),
    (18, [18, 30, 18, 52, 18, 30, 18, 88]),
    (5, [6, 8, 6, 14]),
])
def test_widths(growth, widths):
    assert [layer_width(i, growth, 1.7)
            for i in range(1, len(widths) + 1)] == widths


@pytest.mark.parametrize(('growth', 'layers', 'channels'), [
    (10, 4, 48), (16, 4, 78), (18, 8, 160), (24, 8, 214), (32, 8, 286)])
def test_output_is_that_of_the_network(growth, layers, channels):
    with torch.device('meta'):
        block = HarDBlock(7, growth, 1.7, layers)
        assert block(torch.zeros(1, 7, 2, 3)).shape == (1, channels, 2, 3)
    assert block.out_channels == channels


@pytest.mark.parametrize('depthwise', [False, True])
def test_equals_the_block_written_out(depthwise):
    torch.manual_seed(0)
    block = HarDBlock(3, 4, 1.7, 4, depthwise).double().eval()
    one, two, three, four = block.layers
    x = torch.randn(2, 3, 7, 5, dtype=torch.float64)
    a = one(x)
    b = two(torch.cat([a, x], 1))
    c = three(b)
    d = four(torch.cat([c, b, x], 1))
    torch.testing.assert_close(block(x), torch.cat([a, c, d], 1))
    if depthwise:
        assert one[1].conv.groups == 4 and not one[1].with_activation


def test_odd_number_of_layers_returns_the_last_once():
    assert HarDBlock(3, 4, 1.7, 5).returned == [1, 3, 5]
