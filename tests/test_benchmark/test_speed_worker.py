"""One model: what a step does, what it takes, and how it fails."""
import math
import os
import signal
from pathlib import Path

import pytest
import torch
from saved_memory import saved_bytes

from mmseg_ext.benchmark.measure import STATUS
from mmseg_ext.benchmark.speed_rivals import Source
from mmseg_ext.benchmark.speed_worker import (
    Bench,
    Setting,
    Worker,
    WorkerError,
)
from mmseg_ext.engine.cpu_amp import cpu_has_bfloat16

NORM = dict(type='BN')
SOURCE = Source(
    'mmseg',
    dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor'),
        backbone=dict(
            type='UNet', base_channels=8, num_stages=2, strides=(1, 1),
            enc_num_convs=(2, 2), dec_num_convs=(2, ), downsamples=(True, ),
            enc_dilations=(1, 1), dec_dilations=(1, ), norm_cfg=NORM),
        decode_head=dict(
            type='FCNHead', in_channels=8, in_index=1, channels=8,
            num_convs=0, concat_input=False, dropout_ratio=0.0,
            num_classes=3, norm_cfg=NORM),
        train_cfg=dict(),
        test_cfg=dict(mode='whole')), 3, ('mmseg_ext', ))
SMALL = Setting(size=(32, 16), batch=2)


def test_training_step_is_adamw():
    bench = Bench(SOURCE, SMALL)
    bench.network.train()
    weight = bench.network.segmentor.decode_head.conv_seg.weight
    before = weight.detach().clone()
    bench.train_step()
    # the first step: decay, and the learning rate against the gradient
    expected = before * (1 - 6e-5 * 0.01) - 6e-5 * weight.grad.sign()
    torch.testing.assert_close(weight.detach(), expected, rtol=0, atol=1e-7)


def test_inference_changes_nothing():
    bench = Bench(SOURCE, SMALL)
    bench.warm_up(False)
    state = {k: v.clone() for k, v in bench.network.state_dict().items()}
    logits = bench.infer()
    assert logits.shape == (2, 3, 32, 16)
    assert not logits.requires_grad
    for key, value in bench.network.state_dict().items():
        assert torch.equal(value, state[key])


def test_time():
    bench = Bench(SOURCE, SMALL)
    bench.warm_up(True)
    took = bench.time(True, at_least=0.0)
    assert 0 < 2 * took['seconds'] < took['watched']  # 3 steps, the median
    longer = bench.time(True, at_least=3 * took['watched'])
    assert longer['watched'] >= 3 * took['watched']


def test_layout():
    bench = Bench(SOURCE, Setting(size=(32, 16), channels_last=True))
    assert bench.image.is_contiguous(memory_format=torch.channels_last)
    weight = bench.network.segmentor.decode_head.conv_seg.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_bfloat16():
    setting = Setting(size=(32, 16), dtype='bfloat16')
    if not cpu_has_bfloat16():
        with pytest.raises(RuntimeError, match='no instructions for bfloat'):
            Bench(SOURCE, setting)
        return
    bench = Bench(SOURCE, setting)
    bench.warm_up(True)  # through a step
    assert bench.infer().dtype == torch.bfloat16
    assert all(p.dtype == torch.float32 for p in bench.network.parameters())


def test_description():
    bench = Bench(SOURCE, SMALL)
    about = {**bench.describe(), **bench.count()}
    assert about['parameters'] == sum(
        value.numel() for name, value in bench.network.state_dict().items()
        if not name.endswith(('mean', 'var', 'tracked')))
    assert about['machine']['threads'] == str(torch.get_num_threads())
    assert about['uncounted'] == []
    # of one image, whatever the batch
    assert about['flops'] == Bench(SOURCE, Setting((32, 16))).count()['flops']


def saved_in_training(source: Source, setting: Setting) -> int:
    """Count what a forward pass saves for the backward pass."""
    bench = Bench(source, setting)
    bench.network.train()

    def run():
        loss = bench.network.loss(bench.image, bench.labels)
        assert math.isfinite(loss.item())

    return saved_bytes(run, bench.network.parameters())


@pytest.mark.slow
@pytest.mark.usefixtures('lean_processes')
def test_in_a_process_of_its_own(tmp_path):
    log = tmp_path / 'log.txt'
    setting = Setting(size=(256, 256), batch=2, threads=1)
    with Worker(SOURCE, setting, log, for_memory=True) as worker:
        train = worker.ask('memory', training=True)
        infer = worker.ask('memory', training=False)
        parameters = worker.ask('describe')['parameters']
        # weights, gradients and two of AdamW; batch norm's own are few
        assert train['static'] == pytest.approx(
            4 * 4 * parameters, rel=0.05)
        if STATUS.exists():
            # what the forward pass saves, and the step's buffers
            saved = saved_in_training(SOURCE, setting)
            assert saved < train['activations'] < 1.6 * saved
            assert infer['activations'] < 0.5 * saved
        with pytest.raises(WorkerError, match='AttributeError'):
            worker.ask('no_such_question')
        assert 'Traceback' in Path(log).read_text()
        os.kill(worker.process.pid, signal.SIGKILL)
        with pytest.raises(WorkerError, match='SIGKILL, as a process is that'):
            worker.ask('describe')
