"""Which models are compared, and how the numbers are shown."""
import csv
import io

import pytest

from mmseg_ext.benchmark.speed import (
    Row,
    SpeedRun,
    Variant,
    list_models,
    list_settings,
    measure_models,
)
from mmseg_ext.benchmark.speed_plot import draw_speed
from mmseg_ext.benchmark.speed_report import speed_csv, write_speed
from mmseg_ext.benchmark.speed_worker import Setting

XATTN = 'segformer_xattn_mit-b0_sem'
PLAIN = 'segformer_mit-b0_sem'


@pytest.fixture
def path(config_path):
    return config_path


def names(run: SpeedRun) -> dict[str, str]:
    return {variant.name: variant.reference for variant in run.variants}


def test_models_and_their_reference(path):
    specs = [path(XATTN), 'stock:' + path('segformer_mit-b5_sem')]
    first = names(list_models(specs, ['plain', 'hf']))
    assert first == dict.fromkeys([
        XATTN, f'plain:{XATTN}', f'hf:{XATTN}', 'stock:segformer_mit-b5_sem'
    ], XATTN)
    named = names(list_models(specs, reference='stock:segformer_mit-b5_sem'))
    assert set(named.values()) == {'stock:segformer_mit-b5_sem'}


def test_each_config_against_its_own_rival(path):
    run = list_models([path(XATTN), path('segformer_xattn_sem')], ['plain'],
                      'plain')
    assert names(run) == {
        XATTN: f'plain:{XATTN}',
        f'plain:{XATTN}': f'plain:{XATTN}',
        'segformer_xattn_sem': 'plain:segformer_xattn_sem',
        'plain:segformer_xattn_sem': 'plain:segformer_xattn_sem'
    }


def test_equal_models_are_measured_once(path):
    run = list_models(
        ['stock:' + path(PLAIN), path(XATTN)], ['plain'], 'plain:' + XATTN)
    assert names(run) == dict.fromkeys([f'stock:{PLAIN}', XATTN],
                                       f'stock:{PLAIN}')
    assert run.remarks == [
        f'plain:{XATTN} is stock:{PLAIN}, measured once.']


def test_a_rival_that_cannot_be(path):
    run = list_models([path('unet_c16_ksdd2')], ['hf'])
    assert [variant.error for variant in run.variants] == [
        '', 'UNet with FCNHead is no SegFormer']


def test_a_config_beside_itself_with_options(path):
    name = 'unet_c16_ksdd2'
    conv_cfg = {'model.backbone.conv_cfg.type': 'SeparableConv2d'}
    run = list_models([path(name)], reference='same', variants=dict(
        separable=conv_cfg, same={'model.decode_head.channels': 16}))
    assert names(run) == dict.fromkeys([name, f'separable:{name}'], name)
    plain, separable = (variant.source.arguments['backbone']['conv_cfg']
                        for variant in run.variants)
    assert (plain, separable) == (None, dict(type='SeparableConv2d'))
    assert run.remarks == [
        f'same:{name} is {name}, measured once.',
        '`separable:` is a config with '
        'model.backbone.conv_cfg.type=SeparableConv2d.',
        '`same:` is a config with model.decode_head.channels=16.']
    with pytest.raises(ValueError, match='stock cannot be the name of a var'):
        list_models([path(name)], variants=dict(stock=conv_cfg))


def test_wrong_arguments(path, tmp_path):
    with pytest.raises(ValueError, match=r'There is no smp:.* to be the re'):
        list_models([path(PLAIN)], reference='smp')
    with pytest.raises(ValueError, match='repeats=0: must be at least 1'):
        list_models([path(PLAIN)], repeats=0)
    copy = tmp_path / f'{PLAIN}.py'
    copy.write_text(f'_base_ = {path(PLAIN)!r}')
    with pytest.raises(ValueError, match='have the same name: rename one'):
        list_models([path(PLAIN), str(copy)])


def test_settings():
    assert list_settings((8, 16), [2, 1, 2]) == [
        Setting((8, 16), 2), Setting((8, 16), 1)]
    both = list_settings([8, 16], compiled=True, channels_last=True)
    assert [(x.compiled, x.channels_last) for x in both] == [
        (False, False), (False, True), (True, False), (True, True)]
    assert [x.keeps_memory for x in list_settings(
        [8, 16], keeps_memory=True)] == [False, True]


@pytest.mark.parametrize('setting, message', [
    (Setting(size=(0, 8)), 'height=0: must be at least 1'),
    (Setting(batch=0), 'batch=0: must be at least 1'),
    (Setting(threads=0), 'threads=0: must be at least 1'),
    (Setting(threads=10**6), 'threads=1000000: this process may use'),
])
def test_wrong_settings(tmp_path, setting, message):
    with pytest.raises(ValueError, match=message):
        next(measure_models(SpeedRun(1, 1), [setting], tmp_path))


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / 'speed.csv').touch()
    with pytest.raises(FileExistsError, match='nothing is overwritten'):
        next(measure_models(SpeedRun(1, 1), [Setting()], tmp_path))


@pytest.fixture
def run():
    """Ours takes half the reference's time; the third could not run."""
    theirs = Variant('stock:a', None, 'stock:a')
    ours = Variant('a', None, 'stock:a')
    absent = Variant('smp:a', None, 'stock:a', 'it is not installed')
    setting = Setting(size=(8, 16), batch=2)
    mega = 2**20
    rows = [
        Row(theirs, setting, 'train', [0.2, 0.4, 0.3], [1, 1, 1], 30 * mega,
            2 * mega, 1, 0.01, False),
        Row(ours, setting, 'train', [0.1, 0.2, 0.18], [0.5, 0.5, 0.6],
            10 * mega, 2 * mega, 1 / 3, 0.02, False),
        Row(absent, setting, 'train', error='it is not installed'),
    ]
    machine = dict.fromkeys(
        ('device', 'threads', 'python', 'torch', 'mmengine', 'mmcv', 'mmseg',
         'mmseg_ext', 'commit'), '2')
    return SpeedRun(
        3, 1.0, [theirs, ours, absent], ['A remark.'], rows,
        {'stock:a': dict(parameters=3_000_000, flops=1e10),
         'a': dict(parameters=1_500_000, flops=2.5e9, uncounted=['x::y'],
                   replaced=['1 of 2 convolutions are SeparableConv2d'])},
        machine)


def test_files(run, tmp_path):
    files, text = write_speed(run, tmp_path)
    assert [path.name for path in files] == [
        'speed.csv', 'speed.md', 'speed.png', 'speed.svg']
    assert all(path.stat().st_size for path in files)
    assert files[1].read_text() == text
    assert '### Training step, 8 x 16, batch 2, float32' in text
    assert ('| stock:a | 300.0 | 1 | 30 | 1 | 32 | 3.000 | 1 | 10.00 | 1 | '
            '0.01 |') in text
    assert ('| a | 180.0 | 0.50 (0.50 to 0.60) | 10 | 0.33 | 12 | 1.500 | '
            '0.50 | 2.50 | 0.25 | 0.02 |') in text
    assert '- smp:a not measured: it is not installed.' in text
    assert '- Reference: stock:a.' in text
    assert '- A remark.' in text
    assert '- a: 1 of 2 convolutions are SeparableConv2d.' in text
    assert 'GFLOPs of a leave out x::y' in text
    assert 'loaded' not in text


def test_csv(run):
    theirs, ours, absent = csv.DictReader(io.StringIO(speed_csv(run)))
    assert float(ours['seconds']) == 0.18
    assert (ours['ratio'], ours['ratio_min'], ours['ratio_max']) == (
        '0.5', '0.5', '0.6')
    assert ours['repeats_seconds'] == '0.1 0.2 0.18'
    assert (ours['activation_bytes'], theirs['activation_bytes']) == (
        str(10 * 2**20), str(30 * 2**20))
    assert ours['loaded'] == 'False'
    assert absent['error'] == 'it is not installed'
    assert absent['seconds'] == absent['ratio'] == absent['loaded'] == ''


def test_a_loaded_machine_is_said_first(run, tmp_path):
    run.rows[1].loaded, run.rows[1].others = True, 1.3
    _, text = write_speed(run, tmp_path)
    assert '| 1.30 **loaded** |' in text
    note = next(line for line in text.splitlines() if line.startswith('- '))
    assert 'other processes took up to 1.3 of' in note
    assert 'while 1 of 3 times were taken' in note


def test_bars(run):
    times, memory = draw_speed(run).axes
    assert [bar.get_height() for bar in times.patches] == [300, 180]
    assert [bar.get_height() for bar in memory.patches] == [30, 10]
    assert times.get_ylabel() == 'training step (ms)'
