"""HarDNet's weights under the authors' names, there and back."""
import re

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import randomised

from mmseg_ext.engine.weights import (
    WeightsError,
    convert_fchardnet,
    to_fchardnet,
)
from mmseg_ext.models import HarDNet

# where the authors' `base` has what: stem, block, 1x1, pool, block, ...
NUMBERS = {
    '70-seg': [4, 7, 10, 13, 16],
    '39ds': [3, 6, 9, 12],
    '68': [3, 6, 8, 11, 14],
}
OUTER = {'reductions': 'conv1x1_up', 'blocks': 'denseBlocksUp',
         'conv_seg': 'finalConv'}


def segmentor(num_classes: int = 3, **kwargs):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor'),
        backbone=dict(type='HarDNet', width=0.25),
        decode_head=dict(
            type='FCHarDNetHead', width=0.25, num_classes=num_classes),
        **kwargs))


def published(net, arch: str = '70-seg') -> dict:
    """The authors' names of a backbone's weights, by their numbers."""
    renamed = {}
    for name, value in net.state_dict().items():
        part, number, rest = name.split('.', 2)
        number = int(number)
        if part != 'stem':
            number = NUMBERS[arch][number] + dict(
                blocks=0, transitions=1, downs=2)[part]
        depthwise = part == 'downs' or (part, number) == ('stem', 2)
        if arch == '39ds':
            if re.search(r'layers\.\d+\.1\.', rest) or depthwise:
                rest = rest.replace('conv.', 'dwconv.')
            rest = re.sub(r'(layers\.\d+)\.([01])\.',
                          lambda x: f'{x[1]}.layer{int(x[2]) + 1}.', rest)
        renamed[f'base.{number}.{rest.replace("bn.", "norm.")}'] = value
    return renamed


def published_whole(model) -> dict:
    renamed = published(model.backbone)
    for name, value in model.decode_head.state_dict().items():
        part, _, rest = name.partition('.')
        rest = rest.replace('bn.', 'norm.')
        renamed[f'{OUTER[part]}.{rest}'] = value
    return renamed


def equal(found: dict, expected: dict) -> bool:
    return set(found) == set(expected) and all(
        torch.equal(found[name], value) for name, value in expected.items())


def test_there_and_back():
    model = randomised(segmentor())
    names = published_whole(model)
    assert 'base.16.layers.7.norm.running_var' in names
    assert 'denseBlocksUp.3.layers.0.conv.weight' in names
    assert equal(convert_fchardnet(names), model.state_dict())
    assert equal(to_fchardnet(model.state_dict()), names)


@pytest.mark.parametrize('arch', NUMBERS)
def test_backbones_take_files_of_the_authors(arch, tmp_path):
    names = published(randomised(HarDNet(arch, width=0.25)), arch)
    if arch != '70-seg':  # of a classifier
        names['base.99.3.weight'] = torch.zeros(1000, 4)
    else:  # the encoder's file
        names = {name.removeprefix('base.'): x for name, x in names.items()}
    torch.save(names, tmp_path / 'hardnet.pth')
    init_default_scope('mmseg')
    net = HarDNet(arch, width=0.25, init_cfg=dict(
        type='Pretrained', checkpoint=f'{tmp_path}/hardnet.pth'))
    net.init_weights()
    expected = [x for name, x in names.items() if 'base.99' not in name]
    for found, wanted in zip(net.state_dict().values(), expected,
                             strict=True):
        assert torch.equal(found, wanted)
    # fewer stages need fewer weights
    HarDNet(arch, width=0.25, out_indices=(0, 1), init_cfg=dict(
        type='Pretrained', checkpoint=f'{tmp_path}/hardnet.pth')
    ).init_weights()


@pytest.fixture
def trained(tmp_path):
    """A model, and a file of it as the authors' training writes it."""
    model = randomised(segmentor(19))
    path = tmp_path / 'cityscapes.pkl'
    torch.save(dict(epoch=1, model_state={
        f'module.{name}': x for name, x in published_whole(model).items()
    }), path)
    return model, dict(type='Pretrained', checkpoint=str(path))


def test_segmentor_takes_all(trained):
    model, init_cfg = trained
    net = segmentor(19, init_cfg=init_cfg)
    net.init_weights()
    assert equal(net.state_dict(), model.state_dict())


def test_parts_take_theirs_and_another_classifier_starts_anew(trained):
    model, init_cfg = trained
    net = segmentor(3)
    net.backbone.init_cfg = net.decode_head.init_cfg = init_cfg
    net.init_weights()
    wanted = {name: x for name, x in model.state_dict().items()
              if 'conv_seg' not in name}
    found = net.state_dict()
    assert found.pop('decode_head.conv_seg.weight').shape[0] == 3
    assert found.pop('decode_head.conv_seg.bias').shape[0] == 3
    assert equal(found, wanted)


def test_another_width_is_refused(trained):
    net = HarDNet(width=0.5, init_cfg=trained[1])
    with pytest.raises(ValueError, match='does not fit HarDNet'):
        net.init_weights()
    with pytest.raises(ValueError, match='found without it'):
        HarDNet(width=0.25, init_cfg=dict(
            trained[1], prefix='backbone.')).init_weights()


def test_own_names_load_as_ever(tmp_path):
    net = randomised(HarDNet(width=0.25))
    torch.save(dict(state_dict=net.state_dict()), tmp_path / 'own.pth')
    twin = HarDNet(width=0.25, init_cfg=dict(
        type='Pretrained', checkpoint=f'{tmp_path}/own.pth'))
    twin.init_weights()
    assert equal(twin.state_dict(), net.state_dict())


def test_other_names_are_refused():
    with pytest.raises(WeightsError, match=r'fc\.weight is no weight of a'):
        convert_fchardnet({'fc.weight': torch.zeros(1)})
    for name in ('backbone.layer1.weight', 'backbone.stem.4.conv.weight',
                 'auxiliary_head.conv_seg.weight'):
        with pytest.raises(WeightsError, match=f'{name} is no weight of FC'):
            to_fchardnet({name: torch.zeros(1)})
