"""Counts that are worked out by hand."""
import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mmseg_ext.engine import load_config
from mmseg_ext.engine.model_cost import PixelLogits, count_cio, count_flops
from mmseg_ext.ops import attend


class Attend(nn.Module):
    """A map as queries, keys and values."""

    def __init__(self, num_heads, backend):
        super().__init__()
        self.num_heads, self.backend = num_heads, backend

    def forward(self, x):
        tokens = x.flatten(2).mT
        return attend(tokens, tokens[:, :5], tokens[:, :5], self.num_heads,
                      self.backend)


@pytest.mark.parametrize('num_heads', [1, 2])
def test_fused_attention_counts_like_the_written_out(num_heads):
    x = torch.zeros(2, 6, 3, 4)
    fused, left_out = count_flops(Attend(num_heads, 'fused'), x)
    plain, _ = count_flops(Attend(num_heads, 'plain'), x)
    # 12 queries, 5 keys, 6 channels, twice, for 2 images
    assert fused == plain == 2 * (12 * 5 * 6) * 2
    assert left_out == {}


def test_attention_of_torchs_own_layer():
    layer = nn.MultiheadAttention(8, 2, batch_first=True).eval()

    class Call(nn.Module):

        def __init__(self, need_weights):
            super().__init__()
            self.layer, self.need_weights = layer, need_weights

        def forward(self, x):
            return self.layer(x, x, x, need_weights=self.need_weights)[0]

    x = torch.zeros(1, 10, 8)
    # four projections of 10 tokens, and two products of 10 x 10 x 8
    expected = 4 * 10 * 8 * 8 + 2 * 10 * 10 * 8
    assert [count_flops(Call(flag), x)[0] for flag in (True, False)] == [
        expected, expected]


def test_masked_products_count():

    class Product(nn.Module):

        def forward(self, x):
            return torch.baddbmm(x.new_zeros(2, 3, 5), x, x.new_zeros(2, 4, 5))

    assert count_flops(Product(), torch.zeros(2, 3, 4))[0] == 2 * 3 * 4 * 5


def test_what_may_hide_much_is_named():

    class Recurrent(nn.Module):

        def __init__(self):
            super().__init__()
            self.layer = nn.LSTM(4, 4)

        def forward(self, x):
            return self.layer(x)[0].sigmoid()

    assert count_flops(Recurrent(), torch.zeros(3, 1, 4))[1] == {
        'aten::lstm': 1}


def test_operators_of_others_are_named():

    class Square(torch.autograd.Function):

        @staticmethod
        def forward(ctx, x):
            return x * x

    class Other(nn.Module):

        def forward(self, x):
            return Square.apply(x).relu()

    _, left_out = count_flops(Other(), torch.zeros(1, 3, 4, 4))
    assert list(left_out.values()) == [1]


def test_traffic_of_every_kind_of_convolution():

    class Kinds(nn.Module):

        def __init__(self):
            super().__init__()
            self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4)
            self.up = nn.ConvTranspose2d(4, 6, 2, 2)

        def forward(self, x):
            x = self.depthwise(x)  # 4 x 5 x 6 -> 4 x 5 x 6
            x = self.up(x).relu()  # -> 6 x 10 x 12
            # 6 x 10 x 12 -> 2 x 10 x 12
            return nn.functional.conv2d(x, x.new_zeros(2, 6, 1, 1))

    expected = 2 * 4 * 30 + (4 * 30 + 6 * 120) + (6 + 2) * 120
    for device in ('cpu', 'meta'):
        with torch.device(device):
            assert count_cio(Kinds().eval(), torch.zeros(
                1, 4, 5, 6)) == expected


def test_what_the_cross_attention_adds(config_path):
    """The neck's whole cost on SegFormer-B0, worked out stage by stage."""
    flops = {}
    for name in ('segformer_mit-b0_sem', 'segformer_xattn_mit-b0_sem'):
        cfg = load_config(config_path(name))
        segmentor = MODELS.build(cfg.model).eval()
        flops[name] = count_flops(
            PixelLogits(segmentor), torch.zeros(1, 3, 128, 96))[0]
    plain, ours = flops.values()
    channels = [32, 64, 160, 256]
    pixels = [128 * 96 // stride**2 for stride in (4, 8, 16, 32)]
    added = 0
    for c, from_c, queries, keys in zip(channels, channels[1:], pixels,
                                        pixels[1:]):
        added += keys * from_c * c  # adapt the coarser map's channels
        added += (queries + 2 * keys) * c * c  # W_Q, W_K, W_V
        added += 2 * queries * keys * c  # Q K^T, and the weights times V
        added += queries * c * 256  # the head's wider input
    assert ours - plain == added
