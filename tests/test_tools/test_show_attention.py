"""tools/show_attention.py on trained checkpoints, as a user goes."""
import pickle
import subprocess

import cv2
import pytest
import torch
from run_tool import run_tool

from mmseg_ext.engine import load_config, train

BACKBONES = dict(
    plugin='''dict(
        type='PluginBackbone',
        backbone=dict(type='ResNet', depth=18, norm_cfg=norm_cfg,
                      base_channels=4, stem_channels=4),
        plugin=dict(type='DeformablePSA'),
        after=['layer?.*.bn1'])''',
    stock='''dict(
        type='ResNet', depth=50, norm_cfg=norm_cfg, base_channels=4,
        stem_channels=4,
        plugins=[dict(cfg=dict(type='DeformablePSA'), position='after_conv2',
                      stages=(False, False, True, True))])''',
    plain='''dict(
        type='ResNet', depth=18, norm_cfg=norm_cfg, base_channels=4,
        stem_channels=4)''')
CONFIG = '''
_base_ = ['{configs}/datasets/sem.py', '{configs}/schedules/iters_cpu.py',
          '{configs}/default_runtime.py']
norm_cfg = dict(type='SyncBN')  # as in mmseg's own configs
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[110.0] * 3, std=[50.0] * 3,
        bgr_to_rgb=True, size=(64, 64), pad_val=0, seg_pad_val=255,
        test_cfg=dict(size_divisor=64)),
    backbone={backbone},
    decode_head=dict(
        type='FCNHead', in_channels={channels}, in_index=3, channels=8,
        num_convs=1, num_classes=3, norm_cfg=norm_cfg, align_corners=False),
    test_cfg=dict(mode='whole'))
'''
OPTIONS = dict(
    train_dataloader=dict(
        batch_size=2, num_workers=0, persistent_workers=False,
        sampler=dict(type='InfiniteSampler', shuffle=True)),
    val_dataloader=dict(num_workers=0, persistent_workers=False),
    train_cfg=dict(max_iters=2, val_interval=2),
    default_hooks=dict(checkpoint=dict(interval=2, save_best=None)))
STEM = 'val_000'  # of a picture of 128 x 96 pixels
SMALL = ['--cfg-options', 'test_dataloader.dataset.pipeline.1.scale=(96,96)']
ONE_KIND = pytest.mark.parametrize('trained', ['plugin'], indirect=True)


@pytest.fixture(scope='module', params=['plugin', 'stock'])
def trained(request, repository, sem_root, tmp_path_factory):
    """A folder with a config and its checkpoint, and the name of the kind."""
    here = tmp_path_factory.mktemp('elsewhere')
    for name, backbone in BACKBONES.items():
        (here / f'{name}.py').write_text(
            CONFIG.format(
                configs=repository / 'configs/_base_',
                backbone=backbone,
                channels=128 if name == 'stock' else 32))
    cfg = load_config(
        str(here / f'{request.param}.py'), work_dir=str(here / 'work'),
        cfg_options=OPTIONS, data_root=str(sem_root))
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        for step in loader.dataset.pipeline:
            if step.type == 'Resize':
                step.scale = (96, 96)
            if step.type == 'RandomCrop':
                step.crop_size = (64, 64)
    cfg.experiment_name = f'show_attention_{request.param}'
    train(cfg)
    return here, request.param


@pytest.fixture
def show(repository, sem_root, trained, monkeypatch):
    """Return a function that runs the tool in this process.

    What it returns is all that was printed, and None or the exit's reason.
    """
    here, kind = trained
    monkeypatch.chdir(here)

    def run(*options, config=f'{kind}.py', checkpoint='work/iter_2.pth',
            image=sem_root / f'images/val/{STEM}.png'):
        return run_tool(repository / 'tools/show_attention.py', config,
                        checkpoint, image, *options, *SMALL, cwd=here)

    run.kind, run.here = kind, here
    return run


def size(path) -> tuple[int, int]:
    return cv2.imread(str(path)).shape[:2]


@ONE_KIND
def test_as_a_command(repository, sem_root, trained, warm_python):
    here, _ = trained
    result = subprocess.run(
        [warm_python, repository / 'tools/show_attention.py', 'plugin.py',
         'work/iter_2.pth', sem_root / f'images/val/{STEM}.png', '--out',
         'a command.png', *map(str, SMALL)], cwd=here, text=True,
        capture_output=True)
    assert result.returncode == 0, result.stderr
    assert 'Wrote a command.png' in result.stdout
    height, width = size(here / 'a command.png')
    assert width == pytest.approx(1800, abs=2)
    assert height > 4 * 400  # four stages


def test_default_name_and_layers(show):
    name = f'work_dirs/{show.kind}/attention/{STEM}.png'
    text, reason = show()
    assert reason is None
    assert f'Wrote {name}' in text
    height, _ = size(show.here / name)
    text, reason = show()
    assert f'{name} exists already' in reason
    assert '--overwrite' in reason
    one = dict(plugin='layer4.1.bn1', stock='layer4.2.dpsa')[show.kind]
    _, reason = show('--overwrite', '--layers', one)
    assert reason is None
    stages = dict(plugin=4, stock=2)[show.kind]
    rest, _ = size(show.here / name)
    row = (height - rest) / (stages - 1)
    assert 0 < rest - row < 80  # the legend


def test_points_patterns_and_formats(show):
    pattern = dict(plugin='layer3.*.bn1', stock='layer3.[01].dpsa')[show.kind]
    _, reason = show('--out', 'new/figure.pdf', '--point', '5,90', '100.5,3',
                     '--layers', pattern)
    assert reason is None
    assert (show.here / 'new/figure.pdf').read_bytes().startswith(b'%PDF')


@ONE_KIND
@pytest.mark.parametrize('options, sentence', [
    (('--point', '5,5', '128,3'), '128,3 is outside of'),
    (('--layers', 'layer4.*.norm'), "'layer4.*.norm' matches none of the"),
    (('--out', 'figure.xyz'), "'xyz' is not supported"),
])
def test_errors_of_options_are_sentences(show, options, sentence):
    _, reason = show('--out', 'never.png', *options)
    assert sentence in reason
    assert not (show.here / 'never.png').exists()
    assert not (show.here / 'figure.xyz').exists()


@ONE_KIND
def test_errors_of_files_are_sentences(show):
    class Bomb:

        def __reduce__(self):
            return (open, (str(show.here / 'boom'), 'w'))

    (show.here / 'bomb.pth').write_bytes(pickle.dumps(Bomb()))
    (show.here / 'text.png').write_text('no image')
    state = torch.load(show.here / 'work/iter_2.pth', weights_only=True)
    state['state_dict'] = {
        key: value for key, value in state['state_dict'].items()
        if 'query_weight' not in key
    }
    torch.save(state, show.here / 'part.pth')
    for files, sentence in (
        (dict(config='nowhere.py'), 'nowhere.py'),
        (dict(config='plain.py'), 'does not fit the config'),
        (dict(checkpoint='nowhere.pth'), 'nowhere.pth'),
        (dict(checkpoint='bomb.pth'), 'Refused to load bomb.pth'),
        (dict(checkpoint='part.pth'), "8 of the model's are missing"),
        (dict(image='nowhere.png'), 'nowhere.png'),
        (dict(image='text.png'), 'text.png cannot be read as an image'),
    ):
        _, reason = show('--out', 'never.png', **files)
        assert sentence in str(reason), files
    assert not (show.here / 'boom').exists()
    assert not (show.here / 'never.png').exists()


@ONE_KIND
@pytest.mark.parametrize('value', ['5', '5,x', '1,2,3'])
def test_wrong_usage_is_explained(show, value):
    text, reason = show('--point', value)
    assert reason == 2
    assert 'usage' in text and '--point' in text
