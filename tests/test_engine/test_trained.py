"""Weights fit the model in full, or are refused."""
import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.engine import load_trained

BN = dict(type='BN')
RESNET = dict(
    type='ResNet', depth=18, norm_cfg=BN, base_channels=4, stem_channels=4)


def config(*after: str, **kwargs) -> Config:
    """A segmentor with DeformablePSA after some of its modules."""
    backbone = dict(
        type='PluginBackbone',
        backbone=RESNET,
        plugin=dict(type='DeformablePSA', **kwargs),
        after=list(after)) if after else RESNET
    head = dict(
        type='FCNHead', in_channels=32, in_index=3, channels=4, num_convs=1,
        num_classes=3, norm_cfg=BN)
    return Config(
        dict(
            model=dict(
                type='EncoderDecoder', backbone=backbone, decode_head=head)))


def weights(cfg: Config) -> dict:
    init_default_scope('mmseg')
    return MODELS.build(copy.deepcopy(cfg.model)).state_dict()


def save(state, path) -> str:
    torch.save(state, path)
    return str(path)


def test_weights_are_loaded(tmp_path):
    cfg = config('conv1')
    state = weights(cfg)
    wrapped = {f'module.{key}': value for key, value in state.items()}
    for saved in (state, dict(state_dict=state), dict(state_dict=wrapped)):
        model = load_trained(cfg, save(saved, tmp_path / 'model.pth'))
        assert not model.training
        for key, value in model.state_dict().items():
            assert torch.equal(value.cpu(), state[key])


def test_pretrained_weights_are_not_needed(tmp_path):
    path = save(weights(config()), tmp_path / 'model.pth')
    cfg = config()
    cfg.model.backbone.init_cfg = dict(
        type='Pretrained', checkpoint=str(tmp_path / 'missing.pth'))
    load_trained(cfg, path)


def test_untrained_layers_are_refused(tmp_path):
    path = save(dict(state_dict=weights(config())), tmp_path / 'plain.pth')
    with pytest.raises(ValueError) as error:
        load_trained(config('conv1'), path)
    assert ("weights, 8 of the model's are missing in it "
            '(backbone.plugin_layers.conv1.') in str(error.value)
    assert 'are not' not in str(error.value)


def test_other_weights_are_refused(tmp_path):
    cfg = config('conv1')
    state = weights(config('conv1', 'bn1', ratio=4))
    with pytest.raises(ValueError) as error:
        load_trained(cfg, save(state, tmp_path / 'other.pth'))
    assert ("weights, 8 in it are not the model's "
            '(backbone.plugin_layers.bn1.') in str(error.value)
    assert '; 6 have another shape' in str(error.value)
    with pytest.raises(ValueError, match=r'list\.pth holds a list'):
        load_trained(cfg, save([1], tmp_path / 'list.pth'))
    (tmp_path / 'text.pth').write_text('text')
    with pytest.raises(ValueError, match=r'text\.pth'):
        load_trained(cfg, str(tmp_path / 'text.pth'))
    with pytest.raises(FileNotFoundError, match=r'missing\.pth'):
        load_trained(cfg, str(tmp_path / 'missing.pth'))


def with_auxiliary_head(cfg: Config) -> Config:
    cfg = copy.deepcopy(cfg)
    cfg.model.auxiliary_head = dict(cfg.model.decode_head)
    return cfg


def test_auxiliary_heads_may_differ(tmp_path):
    plain, both = config(), with_auxiliary_head(config())
    for trained, tested in ((plain, both), (both, plain)):
        state = weights(trained)
        model = load_trained(tested, save(state, tmp_path / 'model.pth'))
        for key, value in model.state_dict().items():
            if not key.startswith('auxiliary_head.'):
                assert torch.equal(value.cpu(), state[key])


def test_files_of_before_the_counters(tmp_path):
    state = {key: value for key, value in weights(config()).items()
             if 'num_batches_tracked' not in key}
    load_trained(config(), save(state, tmp_path / 'old.pth'))


def test_values_that_are_no_tensors(tmp_path):
    state = weights(config())
    first = next(iter(state))
    state[first] = [1.0]
    with pytest.raises(ValueError, match=f'1 have another shape .{first}'):
        load_trained(config(), save(dict(state), tmp_path / 'odd.pth'))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_of_a_training_that_diverged(tmp_path, value):
    state = weights(config())
    first = next(iter(state))
    state[first][0] = value
    with pytest.raises(ValueError, match=f'1 of its .*{first}.*diverged'):
        load_trained(config(), save(state, tmp_path / 'lost.pth'))
