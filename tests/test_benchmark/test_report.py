"""A report of runs that are there, of three models."""
import json

import pytest

from mmseg_ext.benchmark import read_suite, write_report
from mmseg_ext.benchmark.runs import cost_folder, run_folder

SUITE = """
title = 'Models'
budget = 'Short'
data_root = 'data'
data_help = 'Where from'
input_size = (64, 64)
seeds = [0, 1]
columns = dict(mIoU=dict(title='mIoU', unit='%'))
fill = dict(folder='FOLDER')
rows = {
    name: dict(title=name, config='{folder}/' + name + '_neu-seg.py')
    for name in ('unet_c16', 'segformer_mit-b0',
                 'segformer_efficientnet-lite0')}
"""


@pytest.fixture
def suite(tmp_path, repository):
    pytest.importorskip('timm', reason='needs the extra encoders')
    path = tmp_path / 'suite.py'
    path.write_text(SUITE.replace(
        'FOLDER', (repository / 'configs/neu_seg').as_posix()))
    return read_suite(path)


def write(folder, **result):
    machine = dict.fromkeys(
        ('device', 'threads', 'torch', 'mmengine', 'mmcv', 'mmseg',
         'mmseg_ext', 'commit'), 'x')
    folder.mkdir(parents=True)
    (folder / 'result.json').write_text(
        json.dumps(dict(result, machine=machine)))


def test_three_models_make_a_picture(suite, tmp_path):
    out = tmp_path / 'out'
    data = {part: dict(images=3, fingerprint='f')
            for part in ('train', 'test')}
    for i, row in enumerate(suite.rows):
        for seed in suite.seeds:
            write(run_folder(suite, out, row, seed), started='now',
                  seconds=1, resumed=False, data=data,
                  metrics=dict(mIoU=50.0 + 10 * i + seed))
    report = write_report(suite, out)
    assert not [path for path in report.files if path.name == 'pareto.png']
    write(cost_folder(suite, out), input_size=[64, 64], repeats=20, rows={
        row.name: dict(
            parameters=1e6, flops=1e9, uncounted={}, cio=1e6, memory=2**20,
            milliseconds=5.0 + i, quartiles=[4.5 + i, 6.0 + i])
        for i, row in enumerate(suite.rows)})
    report = write_report(suite, out)
    picture, = (path for path in report.files if path.name == 'pareto.png')
    assert picture.read_bytes().startswith(b'\x89PNG')
    assert '| 5.0 (4.5 to 6.0) |' in report.text
    assert 'Memory: the most that a pass takes' in report.text
