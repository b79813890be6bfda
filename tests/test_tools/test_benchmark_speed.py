"""The speed table as a user makes it."""
import csv
from statistics import median

import pytest
from run_tool import run_tool

TINY = '''
_base_ = {base!r}
model = dict(
    backbone=dict(
        type='FusedMixVisionTransformer', embed_dims=8,
        num_layers=[1, 1, 1, 1]),
    decode_head=dict(
        type='FusedSegformerHead', in_channels=[8, 16, 40, 64], channels=16))
'''


@pytest.mark.slow
@pytest.mark.usefixtures('warm_python')
def test_a_model_beside_its_rivals(repository, tmp_path):
    base = str(repository / 'configs/sem/segformer_mit-b0_sem.py')
    (tmp_path / 'tiny.py').write_text(TINY.format(base=base))
    printed, reason = run_tool(
        repository / 'tools/benchmark_speed.py', 'tiny.py', '--rivals',
        'stock', 'smp', '--reference', 'stock', '--size', 64, 64, '--passes',
        'train', '--repeats', 2, '--seconds', 0, '--threads', 1, '--out',
        'out', cwd=tmp_path)
    assert reason is None, (printed, reason)
    assert (tmp_path / 'out/speed.md').read_text() in printed
    assert 'training step, round 2 of 2' in printed
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
