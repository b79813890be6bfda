"""The speed table as a user makes it."""
import csv
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

TINY = '''
_base_ = {base!r}
model = dict(
    backbone=dict(
        type='FusedMixVisionTransformer', embed_dims=8,
        num_layers=[1, 1, 1, 1]),
    decode_head=dict(
        type='FusedSegformerHead', in_channels=[8, 16, 40, 64], channels=16))
'''


def run(repository: Path, here: Path, *options) -> subprocess.CompletedProcess:
    config = here / 'tiny.py'
    base = str(repository / 'configs/segformer_mit-b0_sem.py')
    config.write_text(TINY.format(base=base))
    return subprocess.run(
        [sys.executable, str(repository / 'tools/benchmark_speed.py'),
         'tiny.py', *map(str, options)], cwd=here, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.slow
def test_a_model_beside_its_rivals(repository, tmp_path):
    result = run(repository, tmp_path, '--rivals', 'stock', 'smp',
                 '--reference', 'stock', '--size', 64, 64, '--passes',
                 'train', '--repeats', 2, '--seconds', 0, '--threads', 1,
                 '--out', 'out')
    assert result.returncode == 0, result.stdout
    assert (tmp_path / 'out/speed.md').read_text() in result.stdout
    assert 'training step, round 2 of 2' in result.stdout
    with open(tmp_path / 'out/speed.csv') as file:
        ours, stock, smp = csv.DictReader(file)
    times = [[*map(float, row['repeats_seconds'].split())]
             for row in (ours, stock)]
    assert float(ours['ratio']) == pytest.approx(
        median(a / b for a, b in zip(*times)))
    assert float(stock['ratio']) == 1
    assert ours['parameters'] == stock['parameters']
    assert int(stock['activation_bytes']) > 0
    assert ours['threads'] == '1'
    assert ours['error'] == stock['error'] == ''
    assert 'the library has MiT-B0 to B5 only' in smp['error']
