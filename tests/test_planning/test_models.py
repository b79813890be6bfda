"""What models start from, by the lines of the configs that are written."""
import pytest
from mmengine.config import Config

from mmseg_ext.engine.pretrained import pretrained_weights
from mmseg_ext.engine.weights.download import cached_file
from mmseg_ext.engine.weights.schemes import find_scheme
from mmseg_ext.planning.config_text import BASE, model_lines
from mmseg_ext.planning.models import MODELS, choose_start
from mmseg_ext.planning.source import find_source
from mmseg_ext.planning.surfaces import surface_images

pytest.importorskip('timm', reason='needs the extra encoders')


def model_of(start, tmp_path):
    path = tmp_path / 'model.py'
    path.write_text('\n'.join([
        f"_base_ = ['{BASE}/models/{start.base}.py']",
        *model_lines(start, [], 3, "type='CrossEntropyDiceLoss'")]))
    return Config.fromfile(path).model


@pytest.fixture
def downloaded(tmp_path, monkeypatch):
    """Return what puts a file where the weights of a name are kept."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))

    def put(address):
        scheme, name = find_scheme(address)
        file = cached_file(scheme.address(name))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    return put


@pytest.mark.parametrize('model', ['unet', 'dpt', 'bisenetv1'])
def test_random_is_without_weights(tmp_path, model):
    found = model_of(choose_start(model, 'random'), tmp_path)
    assert pretrained_weights(found) == []


def test_an_address_of_weights(tmp_path, downloaded):
    address = 'micronet://resnet50?imagenet'
    downloaded(address)
    start = choose_start('segformer', address)
    assert start.name == address
    model = model_of(start, tmp_path)
    assert model.backbone.model_name == 'resnet50'
    assert pretrained_weights(model) == [address]
    assert model.decode_head.in_channels == [256, 512, 1024, 2048]
    assert model.data_preprocessor.mean == [123.675, 116.28, 103.53]
    detail = model_of(choose_start('segformer_detail', address),
                      tmp_path).decode_head
    assert detail.in_channels == [256, 512, 1024, 2048]
    assert detail.detail_in_channels == [64]
    # the same encoder by its name, and by its address
    assert choose_start('unet', 'package://efficientnet_lite0') == (
        choose_start('unet', 'efficientnet_lite0'))


@pytest.mark.parametrize('model, encoder, words', [
    ('unet', 'micronet://vgg16_bn', 'strides 1, 2, 4'),
    ('dpt', 'micronet://resnet50', 'for --model unet, '),
    ('unet', 'micronet://resnet9', 'There are no weights'),
    ('unet', 'mit_b0', 'for --model segformer or segformer_xattn'),
    ('unet', 'https://a.pth', 'micronet://NAME')])
def test_what_does_not_fit(downloaded, model, encoder, words):
    if 'vgg' in encoder:
        downloaded(encoder)
    with pytest.raises(ValueError, match=words):
        choose_start(model, encoder)


@pytest.mark.parametrize('minutes, part, why', [
    (30, 10, ''), (9, 3, ''), (8.9, None, 'less than the 3'),
    (None, None, '--steps')])
def test_mit_takes_a_third_of_the_minutes(tmp_path, minutes, part, why):
    for model in (name for name, bases in MODELS.items() if 'mit' in bases):
        start = choose_start(model, 'mit_b0', minutes)
        assert start.minutes == part
        assert why in start.reason
        if part is None:
            assert pretrained_weights(model_of(start, tmp_path)) == []


def test_surfaces_of_the_test_part_are_not_learned_from(ksdd2_like):
    found = surface_images(find_source(str(ksdd2_like)))
    assert sorted(found) == sorted(
        str(path) for path in (ksdd2_like / 'train').iterdir()
        if '_GT' not in path.name and '(copy)' not in path.name)
