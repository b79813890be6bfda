"""The head whose operations are arguments, written out."""
import pytest
import torch
import torch.nn.functional as F
from model_tests import ODD, ModelTests, grids, pyramid, randomised

from mmseg_ext.models import GenotypeHead
from mmseg_ext.models.decode_heads.candidate_ops import OPS, build_op

CHANNELS = [4, 5, 6, 7]


def arguments(**kwargs) -> dict:
    return dict(dict(
        in_channels=CHANNELS, channels=8, num_classes=3, dropout_ratio=0,
        ops=['attention', 'dilated3x3', 'separable3x3', 'skip'],
        norm_cfg=dict(type='BN'), align_corners=False), **kwargs)


class TestGenotypeHead(ModelTests):
    test_one_stage = None  # a search needs scales

    def build(self):
        return GenotypeHead(**arguments())

    def inputs(self, batch, size):
        return pyramid(CHANNELS, batch, size)

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size)[0])]


@pytest.mark.parametrize('integration', ['concat', 'add'])
def test_is_what_is_written(integration):
    torch.manual_seed(0)
    head = randomised(GenotypeHead(**arguments(
        ops=['conv3x3', 'conv1x1', 'skip', 'skip'],
        integration=integration))).eval()
    inputs = pyramid(CHANNELS, 2, ODD)

    def convolved(module, x, padding):
        bn = module.bn
        return F.relu(F.batch_norm(
            F.conv2d(x, module.conv.weight, padding=padding),
            bn.running_mean, bn.running_var, bn.weight, bn.bias))

    maps = [convolved(module, x, 0)
            for module, x in zip(head.projections, inputs)]
    maps[0] = convolved(head.edges[0], maps[0], 1)
    maps[1] = convolved(head.edges[1], maps[1], 0)
    maps = [F.interpolate(x, maps[0].shape[2:], mode='bilinear')
            for x in maps]
    x = torch.cat(maps, 1) if integration == 'concat' else (
        maps[0] + maps[1] + maps[2] + maps[3])
    with torch.no_grad():
        torch.testing.assert_close(
            head(inputs), head.conv_seg(convolved(head.fusion.conv, x, 0)),
            atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('name', OPS)
def test_operations_keep_the_shape(name):
    op = build_op(name, 6, reduction=8, norm_cfg=dict(type='BN'),
                  act_cfg=dict(type='ReLU'))
    for size in ((5, 7), (16, 8)):
        assert op(torch.randn(2, 6, *size)).shape == (2, 6, *size)


def test_attention_is_of_averages():
    torch.manual_seed(0)
    op = build_op('attention', 4, reduction=2)
    x = torch.randn(1, 4, 4, 6)
    tokens = x.flatten(2).mT
    source = torch.stack([
        x[:, :, i:i + 2, j:j + 2].mean((2, 3))
        for i in (0, 2) for j in (0, 2, 4)], 1)
    part = op.attention
    query = part.query(F.layer_norm(tokens, (4, )))
    key, value = part.key_value(part.adapt(
        F.layer_norm(source, (4, )))).chunk(2, -1)
    # four heads of one channel
    scores = query.mT[..., None] * key.mT[:, :, None]
    out = (scores.softmax(-1) @ value.mT[..., None])[..., 0]
    torch.testing.assert_close(
        op(x), x + part.proj(out.mT).mT.unflatten(2, (4, 6)))


@pytest.mark.parametrize(('wrong', 'named'), [
    (dict(ops=['skip']), 'must be 4 names'),
    (dict(ops=['skip'] * 3 + ['none']), "ops='none'"),
    (dict(integration='mean'), "integration='mean'"),
    (dict(in_channels=[4], ops=['skip']), 'in_channels=')])
def test_bad_arguments(wrong, named):
    with pytest.raises(ValueError, match=named):
        GenotypeHead(**arguments(**wrong))
