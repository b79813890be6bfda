"""Segmentors built from widths."""
import json

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import ModelTests, grids
from tiny_segmentor import tiny_config
from torch import nn

from mmseg_ext.models.segmentors import apply_widths, read_widths, widths_of


class TestPrunedEncoderDecoder(ModelTests):
    test_one_stage = None

    def build(self):
        widths = {'decode_head.convs.0.conv.weight': [2, 8, 3, 3],
                  **{f'decode_head.convs.0.bn.{name}': [2] for name in (
                      'weight', 'bias', 'running_mean', 'running_var')},
                  'decode_head.conv_seg.weight': [3, 2, 1, 1]}
        return MODELS.build(dict(
            tiny_config(concat_input=False, dropout_ratio=0).model,
            type='PrunedEncoderDecoder', widths=widths))

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size, 8)[0])]


def narrow(kind: type[nn.Module], *shapes) -> nn.Module:
    """Return a layer of a kind in a model, narrowed to shapes."""
    model = nn.Sequential(kind)
    names = [name for name, value in model.state_dict().items() if value.ndim]
    apply_widths(model, dict(zip(names, shapes)))
    return model[0]


def test_layers_run_at_their_new_widths():
    conv = narrow(nn.Conv2d(8, 6, 3), (4, 5, 3, 3), (4, ))
    assert (conv.in_channels, conv.out_channels, conv.groups) == (5, 4, 1)
    assert conv(torch.rand(1, 5, 8, 8)).shape[1] == 4
    depthwise = narrow(nn.Conv2d(8, 8, 3, groups=8), (3, 1, 3, 3), (3, ))
    assert depthwise(torch.rand(1, 3, 8, 8)).shape[1] == 3
    grouped = narrow(nn.Conv2d(8, 8, 3, groups=2), (4, 3, 3, 3), (4, ))
    assert grouped.groups == 2
    assert grouped(torch.rand(1, 6, 8, 8)).shape[1] == 4
    turned = narrow(nn.ConvTranspose2d(8, 6, 2), (5, 4, 2, 2), (4, ))
    assert turned(torch.rand(1, 5, 8, 8)).shape[1] == 4
    norm = narrow(nn.BatchNorm2d(8), *[(3, )] * 4)
    assert norm(torch.rand(2, 3, 4, 4)).shape[1] == norm.num_features == 3
    assert narrow(nn.LayerNorm(8), (3, ), (3, ))(torch.rand(2, 3)).shape[1]
    assert narrow(nn.GroupNorm(2, 8), (4, ), (4, ))(torch.rand(2, 4, 3, 3)
                                                    ).shape[1] == 4
    linear = narrow(nn.Linear(8, 6), (4, 5), (4, ))
    assert linear(torch.rand(2, 5)).shape[1] == linear.out_features == 4


def test_what_stays_is_the_beginning():
    conv = nn.Conv2d(4, 4, 1)
    before = conv.weight.detach().clone()
    model = nn.Sequential(conv)
    conv.weight.requires_grad_(False)
    apply_widths(model, {'0.weight': [2, 3, 1, 1]})
    assert torch.equal(conv.weight, before[:2, :3])
    assert not conv.weight.requires_grad


@pytest.mark.parametrize(('widths', 'sentence'), [
    ({'1.weight': [2]}, 'weights that the model has not (1.weight)'),
    ({'0.weight': [9, 1, 1, 1]}, 'first 0.weight: [4, 4, 1, 1] to'),
    ({'0.weight': [4, 4]}, 'cannot be narrowed to'),
])
def test_refuses_widths_of_others(widths, sentence):
    with pytest.raises(ValueError) as caught:
        apply_widths(nn.Sequential(nn.Conv2d(4, 4, 1)), widths)
    assert sentence in str(caught.value)


def test_refuses_other_layers():
    with pytest.raises(ValueError, match='Embedding: conv'):
        apply_widths(nn.Sequential(nn.Embedding(4, 4)), {'0.weight': [4, 3]})


@pytest.mark.parametrize(('text', 'sentence'), [
    ('{', 'no JSON'), ('[1]', 'must map'), ('{"a": [0]}', 'must map'),
    (None, 'There is no')])
def test_refuses_files(tmp_path, text, sentence):
    path = tmp_path / 'widths.json'
    if text is not None:
        path.write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        read_widths(path)


def test_a_config_builds_it(tmp_path):
    init_default_scope('mmseg')
    cfg = tiny_config(concat_input=False).model
    plain = MODELS.build(cfg)
    widths = widths_of(plain)
    widths['decode_head.convs.0.conv.weight'][0] = 2
    for name in ('weight', 'bias', 'running_mean', 'running_var'):
        widths[f'decode_head.convs.0.bn.{name}'] = [2]
    widths['decode_head.conv_seg.weight'][1] = 2
    (tmp_path / 'widths.json').write_text(json.dumps(widths))
    for given in (str(tmp_path / 'widths.json'), widths):
        model = MODELS.build(
            dict(cfg, type='PrunedEncoderDecoder', widths=given)).eval()
        assert widths_of(model) == widths
        assert model(torch.rand(1, 3, 32, 32)).shape[1] == 3
    cfg.type = 'PrunedEncoderDecoder'
    assert widths_of(MODELS.build(cfg)) == widths_of(plain)
