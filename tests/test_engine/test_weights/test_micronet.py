"""MicroNet's encoders: address, names, and files that are not whole."""
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from ranks import in_ranks

from mmseg_ext.engine import WeightsError, check_weights
from mmseg_ext.engine.pretrained import unexpected_images
from mmseg_ext.engine.weights.micronet import (
    ADDRESS,
    ADDRESS_VARIABLE,
    ENCODERS,
    MicroNetScheme,
)

models = pytest.importorskip('torchvision.models')


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; a byte of ResNet-34 is never sent."""

    def log_message(self, *args) -> None:
        pass

    def send_header(self, keyword, value) -> None:
        if keyword == 'Content-Length' and 'resnet34' in self.path:
            value = str(int(value) + 1)
        super().send_header(keyword, value)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A folder that the loopback address serves, and torch's own empty."""
    folder = tmp_path / 'published'
    folder.mkdir()
    server = ThreadingHTTPServer(
        ('127.0.0.1', 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(ADDRESS_VARIABLE,
                       f'http://127.0.0.1:{server.server_port}/')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def config(weights: str) -> Config:
    return Config(dict(model=dict(
        data_preprocessor=dict(mean=[123.675, 116.28, 103.53],
                               std=[58.395, 57.12, 57.375]),
        backbone=dict(type='ResNet', init_cfg=dict(
            type='Pretrained', checkpoint=weights)))))


def build(weights: str, **backbone):
    init_default_scope('mmseg')
    net = MODELS.build(dict(backbone, init_cfg=dict(
        type='Pretrained', checkpoint=weights)))
    net.init_weights()
    net.eval()  # returns None in mmseg's ResNet
    return net


def randomised(net):
    """Norms whose statistics and scales matter."""
    for name, value in net.state_dict().items():
        if value.ndim == 1 and value.is_floating_point():
            value.copy_(0.5 + torch.rand_like(value))
        assert value.isfinite().all(), name
    return net.eval()


def resnet():
    torch.manual_seed(0)
    return randomised(models.resnet18(num_classes=54))


@pytest.mark.parametrize(('name', 'file'), [
    ('resnet50', 'resnet50_pretrained_microscopynet_v1.1'),
    ('resnet18', 'resnet18_pretrained_microscopynet_v1.0'),
    ('resnet50?imagenet',
     'resnet50_pretrained_imagenet-microscopynet_v1.0'),
    ('efficientnet-b6?imagenet',
     'efficientnet-b6_pretrained_imagenet-microscopynet_v1.0'),
    ('resnext101_32x8d', 'resnext101_pretrained_microscopynet_v1.0'),
])
def test_addresses(name, file, monkeypatch):
    monkeypatch.delenv(ADDRESS_VARIABLE, raising=False)
    assert MicroNetScheme().address(name) == f'{ADDRESS}{file}.pth.tar'


@pytest.mark.parametrize('form', ['plain', 'state_dict', 'several GPUs'])
def test_mmsegs_resnet_is_torchvisions(form, published):
    theirs = resnet()
    state = dict(theirs.state_dict())
    if form == 'several GPUs':
        state = {f'module.{name}': value for name, value in state.items()}
    if form == 'state_dict':
        state = dict(state_dict=state, epoch=3)
    torch.save(state,
               published / 'resnet18_pretrained_microscopynet_v1.0.pth.tar')
    check_weights(config('micronet://resnet18'))
    assert unexpected_images(config('micronet://resnet18')) == []
    for kind in (dict(type='ResNet', depth=18, norm_cfg=dict(type='BN'),
                      style='pytorch'),
                 dict(type='TimmBackbone', model_name='resnet18')):
        if kind['type'] == 'TimmBackbone':
            pytest.importorskip('timm', reason='needs the extra encoders')
        net = build('micronet://resnet18', **kind)
        x = torch.randn(1, 3, 64, 64)
        with torch.no_grad():
            wanted = torch.nn.Sequential(*list(theirs.children())[:-2])(x)
            torch.testing.assert_close(net(x)[-1], wanted)


def test_a_deep_stem_is_another_network(published):
    torch.save(resnet().state_dict(),
               published / 'resnet18_pretrained_microscopynet_v1.0.pth.tar')
    with pytest.raises(ValueError, match=r'missing: stem\.0\.weight'):
        build('micronet://resnet18', type='ResNetV1c', depth=18,
              norm_cfg=dict(type='BN'))


def test_plugins_start_as_they_do(published):
    torch.save(resnet().state_dict(),
               published / 'resnet18_pretrained_microscopynet_v1.0.pth.tar')
    init_default_scope('mmseg')
    net = MODELS.build(dict(
        type='PluginBackbone', after=['layer4.*.bn1'],
        plugin=dict(type='DeformablePSA'),
        backbone=dict(
            type='ResNet', depth=18, norm_cfg=dict(type='BN'),
            init_cfg=dict(type='Pretrained',
                          checkpoint='micronet://resnet18'))))
    net.init_weights()
    assert torch.equal(net.conv1.weight, resnet().conv1.weight)


@pytest.mark.parametrize(('name', 'theirs', 'timm', 'last'), [
    ('mobilenet_v2', 'mobilenet_v2', 'mobilenetv2_100', 18),
    ('vgg11_bn', 'vgg11_bn', 'vgg11_bn', None),
    ('densenet121', 'densenet121', 'densenet121', None),
])
def test_torchvisions_others(name, theirs, timm, last, published):
    """The same maps, of which timm has no other version."""
    pytest.importorskip('timm', reason='needs the extra encoders')
    torch.manual_seed(0)
    with torch.device('meta'):
        net = getattr(models, theirs)(weights=None)
    if theirs.startswith('vgg'):  # nine tenths of its weights are not taken
        for i in (0, 3, 6):
            net.classifier[i] = torch.nn.Linear(1, 1)
    net.to_empty(device='cpu')
    for part in net.modules():
        if hasattr(part, 'reset_parameters'):
            part.reset_parameters()
    randomised(net)
    torch.save(net.state_dict(),
               published / f'{name}_pretrained_microscopynet_v1.0.pth.tar')
    ours = build(f'micronet://{name}', type='TimmBackbone', model_name=timm)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        wanted = net.features[:last](x)
        if name.startswith('densenet'):  # timm's last norm has its ReLU
            wanted = wanted.relu()
        found = ours(x)[-1]
    torch.testing.assert_close(
        found, wanted, atol=1e-4 * wanted.abs().max().item(), rtol=1e-4)


# As efficientnet_pytorch 0.7.1 names the parts of its first two blocks, of
# which the first does not widen, and what timm's tf_efficientnet_b0 has.
NAMES = {
    '_conv_stem.weight': 'conv_stem.weight',
    '_bn0.running_mean': 'bn1.running_mean',
    '_blocks.0._depthwise_conv.weight': 'blocks.0.0.conv_dw.weight',
    '_blocks.0._bn1.bias': 'blocks.0.0.bn1.bias',
    '_blocks.0._se_reduce.bias': 'blocks.0.0.se.conv_reduce.bias',
    '_blocks.0._se_expand.weight': 'blocks.0.0.se.conv_expand.weight',
    '_blocks.0._project_conv.weight': 'blocks.0.0.conv_pw.weight',
    '_blocks.0._bn2.weight': 'blocks.0.0.bn2.weight',
    '_blocks.1._expand_conv.weight': 'blocks.1.0.conv_pw.weight',
    '_blocks.1._bn0.weight': 'blocks.1.0.bn1.weight',
    '_blocks.1._depthwise_conv.weight': 'blocks.1.0.conv_dw.weight',
    '_blocks.1._bn1.weight': 'blocks.1.0.bn2.weight',
    '_blocks.1._project_conv.weight': 'blocks.1.0.conv_pwl.weight',
    '_blocks.1._bn2.weight': 'blocks.1.0.bn3.weight',
    '_blocks.15._project_conv.weight': 'blocks.6.0.conv_pwl.weight',
    '_conv_head.weight': 'conv_head.weight',
    '_bn1.weight': 'bn2.weight',
    '_fc.bias': 'classifier.bias',
}


def test_efficientnets_parts_have_their_names():
    pytest.importorskip('timm', reason='needs the extra encoders')
    from mmseg_ext.engine.weights.mapping import (
        rename_efficientnet,
        timm_weights,
    )

    wanted = timm_weights('tf_efficientnet_b0')
    expanded = {f'_blocks.{i}._expand_conv.weight': torch.zeros(1)
                for i in range(1, 16)}
    found = rename_efficientnet(expanded | {
        name: torch.full((1, ), float(i)) for i, name in enumerate(NAMES)
    }, wanted)
    for i, name in enumerate(NAMES.values()):
        assert found[name].item() == i
        assert name in wanted


def test_every_encoder_has_a_network():
    pytest.importorskip('timm', reason='needs the extra encoders')
    from mmseg_ext.engine.weights.mapping import mmseg_weights, timm_weights

    init_default_scope('mmseg')
    for name, encoder in ENCODERS.items():
        wanted = timm_weights(encoder.timm)
        assert wanted, name
        if encoder.mmseg is not None:
            theirs = mmseg_weights(**encoder.mmseg)
            assert {key: value.shape for key, value in theirs.items()} == {
                key: value.shape for key, value in wanted.items()
                if not key.startswith('fc.')}


def test_files_of_another_network(published):
    file = published / 'resnet18_pretrained_microscopynet_v1.0.pth.tar'
    state = resnet().state_dict()
    state['conv1.weight'] = state['conv1.weight'][:, :1]
    del state['bn1.bias']
    state['other'] = torch.zeros(1)
    torch.save(state, file)
    with pytest.raises(WeightsError, match=(
            r'missing: bn1\.bias; of no use: other; of another shape: '
            r'conv1\.weight \(64, 1, 7, 7\), expected \(64, 3, 7, 7\)')):
        CheckpointLoader.load_checkpoint('micronet://resnet18')


def test_weights_that_are_no_numbers(published):
    state = resnet().state_dict()
    state['layer1.0.conv1.weight'][3, 0] = torch.nan
    torch.save(state,
               published / 'resnet18_pretrained_microscopynet_v1.0.pth.tar')
    with pytest.raises(WeightsError, match=(
            r'NaN or Inf in: layer1\.0\.conv1\.weight.*from-scratch')):
        CheckpointLoader.load_checkpoint('micronet://resnet18')


def test_a_cut_download_leaves_nothing(published, tmp_path):
    file = published / 'resnet34_pretrained_microscopynet_v1.0.pth.tar'
    torch.save(models.resnet34(weights=None).state_dict(), file)
    with pytest.raises(ConnectionError, match=r'ended after.*Try again'):
        CheckpointLoader.load_checkpoint('micronet://resnet34')
    folder = tmp_path / 'torch/hub/checkpoints'
    assert not [path for path in folder.iterdir() if path.name[0] != '.']


def load_on_own_machine(folder: str) -> None:
    torch.distributed.init_process_group('gloo')
    os.environ.update(
        LOCAL_RANK='0', TORCH_HOME=f'{folder}/machine{os.environ["RANK"]}')
    CheckpointLoader.load_checkpoint('micronet://resnet18')


def test_machines_with_folders_of_their_own(published, tmp_path):
    torch.save(resnet().state_dict(),
               published / 'resnet18_pretrained_microscopynet_v1.0.pth.tar')
    in_ranks(2, load_on_own_machine, str(tmp_path))
    assert len(list(tmp_path.glob('machine*/hub/checkpoints/*.tar'))) == 2


@pytest.mark.parametrize(('content', 'message'), [
    (b'\n<!DOCTYPE html><html>Sign in</html>', 'is a web page.*delete'),
    (b'PK\x03\x04 and no more', 'damaged or incomplete.*delete'),
    (b'', 'damaged or incomplete.*delete'),
    (b'no pickle at all', 'damaged or incomplete.*delete'),
])
def test_what_is_no_checkpoint(content, message, published):
    (published / 'resnet18_pretrained_microscopynet_v1.0.pth.tar'
     ).write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        CheckpointLoader.load_checkpoint('micronet://resnet18')


def test_without_the_file(published):
    with pytest.raises(ConnectionError, match=r'404.*package://.*scratch'):
        check_weights(config('micronet://resnet18'))
    with pytest.raises(ConnectionError, match=r'404.*from-scratch'):
        CheckpointLoader.load_checkpoint('micronet://resnet18')


@pytest.mark.parametrize(('name', 'message'), [
    ('xception', 'resnet18, resnet34.*imagenet'),
    ('resnet50?image', 'imagenet'),
    ('efficientnet-b7', r'there are micronet://efficientnet-b7\?imagenet'),
    ('resnext101_32x8d?imagenet', 'there are micronet://resnext101_32x8d'),
])
def test_names_that_there_are_not(name, message):
    with pytest.raises(WeightsError, match=message):
        check_weights(config(f'micronet://{name}'))
