"""Training steps in several processes: the numbers, and how they end."""
import csv
import io
import os
import signal
from multiprocessing import active_children
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from ranks import in_ranks

from mmseg_ext.basics.processor import own_cores
from mmseg_ext.benchmark.scaling import (
    ScalingRow,
    ScalingRun,
    measure_scaling,
    plan_scaling,
)
from mmseg_ext.benchmark.scaling_ranks import Plan, RankBench
from mmseg_ext.benchmark.scaling_report import scaling_csv, write_scaling
from mmseg_ext.benchmark.speed_rivals import Source
from mmseg_ext.benchmark.speed_worker import Bench, Setting, WorkerError

NORM = dict(type='BN')
MODEL = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor'),
    backbone=dict(
        type='UNet', base_channels=4, num_stages=2, strides=(1, 1),
        enc_num_convs=(1, 1), dec_num_convs=(1, ), downsamples=(True, ),
        enc_dilations=(1, 1), dec_dilations=(1, ), norm_cfg=NORM),
    decode_head=dict(
        type='FCNHead', in_channels=4, in_index=1, channels=4, num_convs=0,
        concat_input=False, dropout_ratio=0.0, num_classes=3, norm_cfg=NORM),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
SOURCE = Source('mmseg', MODEL, 3, ('mmseg_ext', ))
TWO_CORES = pytest.mark.skipif(
    len(own_cores()) < 2, reason='two processes need two cores')
pytestmark = pytest.mark.usefixtures('warm_python')


def image_of(rank: int) -> torch.Tensor:
    return torch.randn(
        1, 3, 16, 16, generator=torch.Generator().manual_seed(rank))


def train_one_step(folder: Path) -> None:
    """What each process does below: the gradients of a step, in a file."""
    dist.init_process_group('gloo')
    rank = dist.get_rank()
    setting = Setting((16, 16))
    plan = Plan(SOURCE, {2: setting}, 1, 0.0, False, False)
    bench = RankBench(plan, setting, None)
    bench.image = image_of(rank)
    bench.network.train()
    bench.train_step()
    torch.save([p.grad for p in bench.network.parameters()],
               folder / f'gradients_{rank}.pth')
    dist.destroy_process_group()


def test_gradients_are_averaged(tmp_path):
    in_ranks(2, train_one_step, tmp_path)
    both = [torch.load(tmp_path / f'gradients_{rank}.pth') for rank in (0, 1)]
    alone = []
    for rank in (0, 1):
        bench = Bench(SOURCE, Setting((16, 16)))
        bench.image = image_of(rank)
        bench.network.train()
        bench.train_step()
        alone.append([p.grad for p in bench.network.parameters()])
    for first, second, own, other in zip(*both, *alone):
        assert torch.equal(first, second)
        torch.testing.assert_close(first, (own + other) / 2)
    assert not torch.allclose(alone[0][0], alone[1][0])


@pytest.fixture
def config(tmp_path) -> str:
    path = tmp_path / 'tiny.py'
    path.write_text(f'model = {MODEL!r}')
    return str(path)


@TWO_CORES
def test_batch_and_threads_are_divided(config):
    weak = plan_scaling(config, [2], (32, 16), batch=4, threads=2)
    strong = plan_scaling(config, size=(32, 16), batch=4, strong=True,
                          threads=2)
    assert weak.plan.settings == {
        1: Setting((32, 16), 4, threads=2),
        2: Setting((32, 16), 4, threads=1)}
    assert strong.plan.settings == {
        1: Setting((32, 16), 4, threads=2),
        2: Setting((32, 16), 2, threads=1)}
    assert [row.images for row in weak.rows] == [4, 8]
    assert [row.images for row in strong.rows] == [4, 4]


def test_settings_of_the_config(tmp_path, config):
    assert not plan_scaling(config, [1]).plan.sync_bn
    path = tmp_path / 'other.py'
    text = f'_base_ = {config!r}\n'
    path.write_text(
        text + 'find_unused_parameters = True\n'
        'model = dict(backbone=dict(norm_cfg=dict(type="SyncBN")))')
    plan = plan_scaling(str(path), [1]).plan
    assert plan.find_unused_parameters and plan.sync_bn
    path.write_text(text + 'model_wrapper_cfg = dict(static_graph=True)')
    with pytest.raises(ValueError, match=r'other\.py has a model_wrapper_cfg'):
        plan_scaling(str(path), [1])


@pytest.mark.parametrize('options, message', [
    (dict(processes=[0]), 'processes=0: must be at least 1'),
    (dict(processes=[1], size=(8, 0)), 'width=0: must be at least 1'),
    (dict(processes=[1], batch=0), 'batch=0: must be at least 1'),
    (dict(processes=[1], repeats=0), 'repeats=0: must be at least 1'),
    (dict(processes=[2], threads=3), 'threads=3: must be a multiple of 2, '
     'for 1, 2 processes to share them evenly'),
    (dict(processes=[1], threads=0), 'threads=0: must be a multiple of 1'),
    (dict(processes=[1], threads=10**6), 'and at most the . cores'),
    (dict(processes=[10**6]), 'threads=1000000: must be a multiple'),
    pytest.param(
        dict(processes=[2], threads=2, batch=3, strong=True),
        'batch=3: cannot be divided evenly among 2', marks=TWO_CORES),
    pytest.param(
        dict(device='cuda'), 'device=cuda: there is no GPU',
        marks=pytest.mark.skipif(
            torch.cuda.is_available(), reason='there is a GPU')),
])
def test_wrong_settings(config, options, message):
    with pytest.raises(ValueError, match=message):
        plan_scaling(config, **options)


def test_nothing_is_overwritten(config, tmp_path):
    with pytest.raises(FileExistsError, match='nothing is overwritten'):
        next(measure_scaling(plan_scaling(config, [1]), tmp_path))


@TWO_CORES
def test_rounds_until_a_process_dies(config, tmp_path):
    said = []
    run = plan_scaling(config, [1, 2], (32, 16), threads=2, repeats=5000,
                       seconds=0)
    rounds = measure_scaling(run, tmp_path / 'out', said.append)
    assert next(rounds) is next(rounds) is run
    one, two = run.rows
    assert len(one.seconds) == len(two.seconds) == 2
    assert min(one.seconds + two.seconds) > 0
    assert one.ratios == [1, 1]
    assert two.ratios == pytest.approx(
        [2 * a / b for a, b in zip(one.seconds, two.seconds)])
    assert run.parameters == sum(
        p.numel() for p in Bench(SOURCE, Setting((16, 16))
                                 ).network.parameters())
    assert run.machine['torch'] == torch.__version__
    turns = [text for text in said if text.startswith('round')]
    assert [turn.split(':')[0] for turn in turns[:4]] == [
        'round 1 of 5000, 1 process', 'round 1 of 5000, 2 processes',
        'round 2 of 5000, 2 processes', 'round 2 of 5000, 1 process']
    second = max(active_children(), key=lambda child: child.pid)
    os.kill(second.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r'Process 1 of 2 \(counted from '
                       r'0\) failed: its process was ended by SIGKILL.*'
                       r'out/log\.txt'):
        list(rounds)
    assert not active_children()


def test_silence_ends_the_run(config, tmp_path):
    run = plan_scaling(config, [1], (32, 16), threads=1, repeats=5000,
                       seconds=0)
    rounds = measure_scaling(run, tmp_path / 'out', lambda text: None)
    next(rounds)
    rank, = active_children()
    os.kill(rank.pid, signal.SIGSTOP)  # alive, and does nothing
    run.timeout = 1.0
    with pytest.raises(WorkerError, match='No process has reported for 1 s'):
        list(rounds)
    assert not active_children()


def test_a_model_that_fails(config, tmp_path):
    path = tmp_path / 'failing.py'
    path.write_text(f'_base_ = {config!r}\n'
                    'model = dict(decode_head=dict(in_channels=5, '
                    'channels=5))')
    with pytest.raises(WorkerError, match=r'Process 0 of 1 .* RuntimeError: '
                       r'.*to have 5 channels, but got 4'):
        next(measure_scaling(plan_scaling(str(path), [1], (32, 16)),
                             tmp_path / 'out'))
    assert 'Traceback' in (tmp_path / 'out/log.txt').read_text()
    assert not active_children()


@pytest.fixture
def run():
    """Two processes make 1.6 times the images of one in the middle."""
    settings = {1: Setting((8, 16), 4, threads=2),
                2: Setting((8, 16), 4, threads=1)}
    rows = [
        ScalingRow(1, settings[1], [0.2, 0.4, 0.3], [1, 1, 1], 0.01, False),
        ScalingRow(2, settings[2], [0.25, 0.4, 0.4], [1.6, 2, 1.5], 0.02,
                   False),
    ]
    machine = dict.fromkeys(
        ('device', 'threads', 'python', 'torch', 'mmengine', 'mmcv', 'mmseg',
         'mmseg_ext', 'commit'), '2')
    plan = Plan(SOURCE, settings, 3, 1.0, False, False)
    return ScalingRun('a', plan, False, 1.0, rows, machine, 1_500_000)


def test_files(run, tmp_path):
    files, text = write_scaling(run, tmp_path)
    assert [path.name for path in files] == ['scaling.csv', 'scaling.md']
    assert files[0].read_text() == scaling_csv(run)
    assert files[1].read_text() == text
    assert '### a, training step, 8 x 16, batch 4 per process, fl' in text
    assert '| 1 | 2 | 4 | 300.0 | 13.33 | 1 | 100 | 0.01 |' in text
    assert ('| 2 | 1 | 4 | 400.0 | 20.00 | 1.60 (1.50 to 2.00) | 160 | '
            '0.02 |') in text
    assert 'median of 3 rounds' in text
    assert '**' not in text


def test_efficiency_on_gpus(run):
    for row in run.rows:
        row.setting = Setting((8, 16), 4, device='cuda')
    assert [row.efficiency for row in run.rows] == [100, 80]


def test_csv(run):
    one, two = csv.DictReader(io.StringIO(scaling_csv(run)))
    assert (one['processes'], two['processes']) == ('1', '2')
    assert float(two['seconds']) == 0.4
    assert float(two['images_per_second']) == pytest.approx(2 * 4 / 0.4)
    assert (two['ratio'], two['ratio_min'], two['ratio_max']) == (
        '1.6', '1.5', '2')
    assert two['repeats_seconds'] == '0.25 0.4 0.4'
    assert (two['threads_each'], two['batch_each']) == ('1', '4')


def test_a_loaded_machine_is_said_first(run, tmp_path):
    run.rows[1].loaded, run.rows[1].others = True, 1.3
    _, text = write_scaling(run, tmp_path)
    assert '| 1.30 **loaded** |' in text
    note = next(line for line in text.splitlines() if line.startswith('- '))
    assert 'other processes took up to 1.3 of' in note
