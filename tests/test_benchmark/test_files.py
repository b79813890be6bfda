"""Trained models as files: measured once, and put into one table."""
import csv
from dataclasses import replace

import pytest
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.benchmark.files import (
    FileSettings,
    find_trained,
    measure_files,
)
from mmseg_ext.benchmark.files_report import write_files_report

for package in ('onnx', 'onnxscript', 'onnxruntime'):
    pytest.importorskip(package, reason='needs the extra export')

SETTINGS = FileSettings(count=2, threads=(1, 2))


@pytest.fixture(scope='module')
def run(tmp_path_factory, sem_root):
    """Folder of a suite's run of a tiny model."""
    folder = tmp_path_factory.mktemp('suite') / 'tiny/seed_0'
    folder.mkdir(parents=True)
    cfg = tiny_config()
    part = cfg.test_dataloader.dataset
    part.update(data_root=str(sem_root), info_band='mask', data_prefix=dict(
        img_path='images/val', seg_map_path='masks/val'))
    cfg.train_dataloader = cfg.test_dataloader
    cfg.dump(folder / 'config.py')
    write_weights(cfg, folder / 'weights.pth')
    (folder / 'result.json').write_text('{}')
    return folder


@pytest.fixture(scope='module')
def measured(run, tmp_path_factory):
    out = tmp_path_factory.mktemp('files')
    model, = find_trained([run.parents[1]])
    return out, model, measure_files(model, out, SETTINGS)


def test_both_files_are_measured(measured):
    out, model, result = measured
    assert model.title == 'tiny' and model.name.endswith('tiny/seed_0')
    sizes = [(out / name).stat().st_size / 1e6
             for name in ('model.onnx', 'model_int8.onnx')
             if (out / name).exists()]
    assert result['megabytes'] == sizes
    assert bool(result['refused']) == (len(sizes) == 1)
    assert result['parameters'] > 0 and result['macs'] > 0
    assert {*result['times']} == {'1', '2'}
    for times in result['times'].values():
        assert len(times['milliseconds']) == 1 + len(sizes)
        assert min(times['milliseconds']) > 0
    if not result['refused']:
        names = [name for name in result['accuracy'] if name != 'mIoU']
        for i in range(2):
            there = [result['accuracy'][name][i] for name in names
                     if result['accuracy'][name][i] is not None]
            assert result['accuracy']['mIoU'][i] == pytest.approx(
                sum(there) / len(there))


def test_it_goes_on_where_it_was(measured):
    out, model, result = measured
    before = (out / 'model.onnx').stat().st_mtime_ns
    assert measure_files(model, out, SETTINGS) == result
    assert (out / 'model.onnx').stat().st_mtime_ns == before


def test_a_row_has_the_mean_of_its_runs(measured, tmp_path):
    _, model, result = measured
    other = replace(model, name='other')
    lost = replace(model, name='lost')
    results = {model.name: result,
               'other': dict(result, parameters=3 * result['parameters'],
                             refused='too much', accuracy={}, percent=None,
                             fraction_difference=None)}
    report = write_files_report([model, other, lost], results, tmp_path)
    with open(tmp_path / 'files.csv') as file:
        row, = csv.DictReader(file)
    assert row['model'] == 'tiny'
    assert float(row['parameters (M)']) == pytest.approx(
        2e-6 * result['parameters'])
    assert row['parameters (M) n'] == '2'
    assert 'other, no INT8: too much' in report.text
    assert 'Not measured: lost.' in report.text
    if result['accuracy']:
        with pytest.raises(ValueError, match=r'no IoU\.rust; there are mIoU'):
            write_files_report([model], results, tmp_path, ['IoU.rust'])


def test_what_is_not_there(run, tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no finished run'):
        find_trained([tmp_path])
    with pytest.raises(ValueError, match='Several models would be called'):
        find_trained([run, run])
    pair, = find_trained([], [('a/net.py', 'work/iter_9.pth')])
    assert pair.name == 'net/work_iter_9'
    with pytest.raises(ValueError, match='threads is empty'):
        FileSettings(threads=())
