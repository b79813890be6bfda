"""The options of a pair's attention against their formulas."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.necks.cross_scale_attention import CrossScaleAttention

FINE, COARSE = (6, 8), (3, 4)


@pytest.fixture(params=['forward', 'backward'])
def maps(request):
    """Query map of 4 channels and key/value map of 6, either the finer one."""
    grids = [FINE, COARSE][::1 if request.param == 'forward' else -1]
    return [torch.randn(2, channels, *grid, dtype=torch.float64)
            for channels, grid in zip((4, 6), grids)]


def scores(attention, target, source):
    """Q, K and V of a head as equation 1 has them, (B, N, C)."""
    query = attention.query(target.flatten(2).mT)
    key, value = attention.key_value(
        attention.adapt(source.flatten(2).mT)).chunk(2, dim=-1)
    return query, key, value


def as_map(tokens, target):
    return tokens.mT.reshape(target.shape)


def squared_distances(target, source):
    """Of each query and key, in cells of the coarser map, one by one."""
    places = []
    for x in (target, source):
        height, width = x.shape[2:]
        places.append([((i + 0.5) * COARSE[0] / height,
                        (j + 0.5) * COARSE[1] / width)
                       for i in range(height) for j in range(width)])
    return torch.tensor([[(y - v)**2 + (x - u)**2 for v, u in places[1]]
                         for y, x in places[0]], dtype=torch.float64)


@pytest.mark.parametrize('backend', ['fused', 'plain'])
def test_distance(maps, backend):
    attention = CrossScaleAttention(
        4, 6, attention=backend, distance_bias=1.5).double()
    query, key, value = scores(attention, *maps)
    logits = query @ key.mT / 2 - squared_distances(*maps) / (2 * 1.5**2)
    torch.testing.assert_close(
        attention(*maps), as_map(logits.softmax(-1) @ value, maps[0]))


def test_every_head_has_its_own_width(maps):
    attention = CrossScaleAttention(
        4, 6, num_heads=2, distance_bias=1).double()
    attention.log_width.data = torch.tensor([0.5, 3]).log().double()
    parts = []
    for head, width in zip(range(2), (0.5, 3)):
        query, key, value = (
            x.chunk(2, dim=-1)[head] for x in scores(attention, *maps))
        logits = (query @ key.mT / 2**0.5
                  - squared_distances(*maps) / (2 * width**2))
        parts.append(logits.softmax(-1) @ value)
    torch.testing.assert_close(
        attention(*maps), as_map(torch.cat(parts, dim=-1), maps[0]))


def test_narrow_is_the_nearest_key():
    """A Gaussian of almost no width leaves a feature pyramid's link."""
    target, source = (torch.randn(2, channels, *grid, dtype=torch.float64)
                      for channels, grid in ((4, FINE), (6, COARSE)))
    attention = CrossScaleAttention(4, 6, distance_bias=0.02).double()
    value = as_map(scores(attention, target, source)[2], source[:, :4])
    torch.testing.assert_close(attention(target, source),
                               F.interpolate(value, FINE, mode='nearest'))


@pytest.mark.parametrize('num_heads', [1, 2])
def test_cosine(maps, num_heads):
    attention = CrossScaleAttention(
        4, 6, num_heads=num_heads, qk_norm=True).double()
    attention.log_scale.data = torch.tensor([3., 7.][:num_heads]).log()
    parts = []
    for head in range(num_heads):
        query, key, value = (
            x.chunk(num_heads, dim=-1)[head]
            for x in scores(attention, *maps))
        cosine = F.cosine_similarity(query[:, :, None], key[:, None], dim=-1)
        parts.append((cosine * [3, 7][head]).softmax(-1) @ value)
    torch.testing.assert_close(
        attention(*maps), as_map(torch.cat(parts, dim=-1), maps[0]))


def test_cosine_is_no_larger_for_larger_maps(maps):
    attention = CrossScaleAttention(4, 6, qk_norm=True).double()
    attention.query.bias.data.zero_()
    torch.testing.assert_close(attention(1e3 * maps[0], maps[1]),
                               attention(*maps))


def test_gate(maps):
    plain = CrossScaleAttention(4, 6).double()
    gated = CrossScaleAttention(4, 6, gate=0).double()
    gated.load_state_dict(plain.state_dict(), strict=False)
    assert not gated(*maps).any()
    gated.gate.data = torch.tensor([1., 2., 0., -1.]).double()
    torch.testing.assert_close(
        gated(*maps), plain(*maps) * gated.gate.view(4, 1, 1))


def test_distances_stay_exact_under_autocast():
    maps = [torch.randn(1, 4, 64, 64), torch.randn(1, 6, 32, 32)]
    attention = CrossScaleAttention(4, 6, distance_bias=1)
    attention.query.weight.data.zero_()
    with torch.no_grad():
        expected = attention(*maps)
        with torch.autocast('cpu', torch.bfloat16):
            out = attention(*maps)
    # of the values alone, whose eight bits are averaged
    torch.testing.assert_close(out.float(), expected, atol=0.02, rtol=0)
