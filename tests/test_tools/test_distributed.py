"""One training in one process and in two, and its speed."""
import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pytest
import torch
from mmengine.device import get_device
from ranks import in_ranks
from run_tool import run_tool

from mmseg_ext.basics.processor import own_cores
from mmseg_ext.engine import load_config
from mmseg_ext.engine import train as train_config
from mmseg_ext.samples import write_sem_sample

# Nothing that each process draws for itself, and no norm over the images of
# one process: no augmentation, dropout or drop path, and GN in place of BN.
CONFIG = '''
_base_ = [{base!r}]
norm_cfg = dict(type='GN', num_groups=2)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[110.] * 3, std=[50.] * 3,
        size=(96, 128)),
    backbone=dict(
        type='UNet', base_channels=4, num_stages=2, strides=(1, 1),
        enc_num_convs=(1, 1), dec_num_convs=(1, ), downsamples=(True, ),
        enc_dilations=(1, 1), dec_dilations=(1, ), norm_cfg=norm_cfg),
    decode_head=dict(
        type='FCNHead', in_channels=4, in_index=1, channels=4, num_convs=0,
        concat_input=False, dropout_ratio=0.0, num_classes=3,
        norm_cfg=norm_cfg),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
steps = [
    dict(type='LoadSEMImageFromFile'), dict(type='LoadSEMAnnotations'),
    dict(type='PackSegInputs')]
data = dict(
    type='SEMDataset', data_root={root!r}, info_band='mask', pipeline=steps)
train_dataloader = dict(
    batch_size=2, num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True), dataset=data)
val_dataloader = dict(
    batch_size=1, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(data, test_mode=True, data_prefix=dict(
        img_path='images/val', seg_map_path='masks/val')))
val_evaluator = [
    dict(type='PerClassIoUMetric', iou_metrics=['mIoU']),
    dict(type='ClassRatioMetric')]
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.3, momentum=0.9))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=9, val_interval=9)
val_cfg = dict(type='ValLoop')
default_hooks = dict(
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=9),
    logger=dict(type='LoggerHook', interval=1))
log_processor = dict(by_epoch=False)
randomness = dict(seed=0)
'''
# By epochs each process takes its part of every epoch.
BY_EPOCH = '''
train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=True)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3, val_interval=3)
default_hooks['checkpoint'] = dict(type='CheckpointHook', interval=3)
log_processor = dict(by_epoch=True)
'''


def train_rank(config: Path, work_dir: Path, batch: int) -> None:
    """What tools/train.py does in each process of torchrun."""
    train_config(load_config(
        str(config), work_dir=str(work_dir), launcher='pytorch',
        # mmengine has one visualizer of a name, and the tests before theirs
        cfg_options={'train_dataloader.batch_size': batch,
                     'visualizer.name': str(work_dir)}))


def train(config: Path, processes: int, batch: int) -> tuple[dict, dict]:
    """Return the last validation's metrics, and the weights."""
    work_dir = config.with_suffix('') / str(processes)
    in_ranks(processes, train_rank, config, work_dir, batch)
    log, = work_dir.glob('*/vis_data/scalars.json')
    *_, last = log.read_text().splitlines()
    metrics = {key: value for key, value in json.loads(last).items()
               if not key.endswith('time') and key != 'step'}
    checkpoint = Path((work_dir / 'last_checkpoint').read_text())
    return metrics, torch.load(checkpoint, weights_only=True)['state_dict']


@pytest.mark.skipif(get_device() != 'cpu', reason='processes of a CPU')
@pytest.mark.parametrize('name', ['by_iteration', 'by_epoch'])
def test_two_processes_train_what_one_trains(repository, tmp_path, name):
    # Seven images: the sampler goes on from one round of them to the next.
    # An epoch has to divide evenly, or its last batch is not the same. Three
    # to validate: the second process gets one of them again.
    num_train = 6 if name == 'by_epoch' else 7
    root = write_sem_sample(tmp_path / 'sem', num_train, 3, size=(96, 128))
    config = tmp_path / f'{name}.py'
    config.write_text(
        CONFIG.format(
            base=str(repository / 'configs/_base_/default_runtime.py'),
            root=str(root)) + BY_EPOCH * (name == 'by_epoch'))
    metrics, weights = train(config, 1, batch=2)
    others, other_weights = train(config, 2, batch=1)
    assert weights.keys() == other_weights.keys()
    for key, value in weights.items():
        torch.testing.assert_close(other_weights[key], value, rtol=0,
                                   atol=1e-5, msg=key)
    # A pixel whose two scores are equal but for rounding may change.
    assert others == pytest.approx(metrics, abs=0.02)
    masks = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
             for path in (root / 'masks/val').iterdir()]
    for i, label in enumerate('ABC'):
        fraction = 100 * np.mean([(mask == i).mean() for mask in masks])
        assert others[f'TrueFraction.{label}'] == pytest.approx(
            fraction, abs=1e-3)


@pytest.mark.slow
@pytest.mark.usefixtures('warm_python')
@pytest.mark.skipif(
    len(own_cores()) < 2, reason='two processes need two cores')
def test_scaling(repository, tmp_path):
    config = tmp_path / 'tiny.py'
    config.write_text(CONFIG.format(
        base=str(repository / 'configs/_base_/default_runtime.py'),
        root='nowhere'))
    command = [repository / 'tools/benchmark_scaling.py', config, '--device',
               'cpu', '--processes', 2, '--threads', 2, '--strong', '--batch',
               2, '--size', 32, 48, '--repeats', 2, '--seconds', 0, '--out',
               'out']
    out, reason = run_tool(*command, cwd=tmp_path)
    assert reason is None
    assert (tmp_path / 'out/scaling.md').read_text() in out
    assert 'round 2 of 2, 1 process: ' in out
    with open(tmp_path / 'out/scaling.csv') as file:
        one, two = csv.DictReader(file)
    assert (one['batch_each'], two['batch_each']) == ('2', '1')
    assert (one['threads_each'], two['threads_each']) == ('2', '1')
    times = [[*map(float, row['repeats_seconds'].split())]
             for row in (one, two)]
    assert float(two['ratio']) == pytest.approx(
        median(a / b for a, b in zip(*times)))
    assert float(two['efficiency_percent']) == pytest.approx(
        100 * float(two['ratio']))
    _, reason = run_tool(*command, cwd=tmp_path)
    assert 'out is not empty: name a new folder' in reason


@pytest.mark.usefixtures('warm_python')
def test_an_error_is_said_once_and_without_torchruns_own(
        repository, tmp_path):
    done = subprocess.run(
        ['bash', repository / 'tools/dist_train.sh', 'nowhere.py', '2'],
        cwd=tmp_path, text=True, capture_output=True,
        env=dict(os.environ,
                 VIRTUAL_ENV=str(Path(sys.executable).parents[1])))
    assert done.returncode == 1
    assert done.stderr.count('There is no config nowhere.py') == 1
    assert 'Traceback' not in done.stderr
    assert 'ChildFailedError' not in done.stderr


@pytest.mark.usefixtures('warm_python')
def test_a_process_that_was_ended_is_named(repository, tmp_path):
    (tmp_path / 'train.py').write_text(
        'import os, signal\n'
        "if os.environ['RANK'] == '1':\n"
        '    os.kill(os.getpid(), signal.SIGABRT)\n')
    done = subprocess.run(
        [sys.executable, repository / 'tools/_torchrun.py', '--standalone',
         '--nproc_per_node', '2', tmp_path / 'train.py'],
        cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 128 + signal.SIGABRT
    assert 'Process 1 was ended by SIGABRT' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh'])
def test_scripts_explain_themselves(repository, script):
    done = subprocess.run(['bash', repository / 'tools' / script, '--help'],
                          text=True, capture_output=True)
    assert done.returncode == 0
    assert done.stdout.startswith('T') and f'tools/{script} CONFIG' in (
        done.stdout)


def test_a_number_of_processes_that_is_none(repository, tmp_path):
    done = subprocess.run(
        ['bash', repository / 'tools/dist_train.sh', 'a.py', 'two'],
        cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 2
    assert 'two is no number of processes' in done.stderr
