"""tools/inspect_attention.py, as a user goes."""
import runpy
import sys

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.engine import load_config

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture
def inspect(repository, config_path, sem_root, tmp_path, monkeypatch, capsys):
    config = config_path('segformer_xattn_quickstart')
    init_default_scope('mmseg')
    model = MODELS.build(load_config(config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
    monkeypatch.chdir(tmp_path)

    def run(*options):
        tool = str(repository / 'tools/inspect_attention.py')
        monkeypatch.setattr(sys, 'argv', [
            tool, str(config), 'weights.pth', '--data-root', str(sem_root),
            '--max-images', '1', '--out', 'out', *map(str, options)])
        reason = None
        try:
            runpy.run_path(tool, run_name='__main__')
        except SystemExit as end:
            reason = end.code
        printed = capsys.readouterr()
        return printed.out + printed.err, reason

    return run


def test_two_tables_and_a_figure(inspect, sem_root, tmp_path):
    printed, reason = inspect()
    assert not reason
    assert '1 image, 1 of them with masks' in printed
    assert (tmp_path / 'out/attention.png').stat().st_size > 1000
    assert [row['pair'] for row in read_table(tmp_path / 'out/pairs.csv')] == [
        'F4<-F8', 'F8<-F16', 'F16<-F32']
    assert 'mIoU' in read_table(tmp_path / 'out/changes.csv')[0]

    printed, reason = inspect()
    assert '--overwrite' in reason
    printed, reason = inspect(
        '--images', sem_root / 'images/val', '--overwrite')
    assert not reason and '1 image, 0 of them with masks' in printed


def test_what_cannot_be_looked_at(inspect, tmp_path):
    (tmp_path / 'empty').mkdir()
    for options, said in (
            (['--images', 'empty'], 'empty holds no image; images end in'),
            (['--images', 'nowhere'], '--images nowhere: is no folder'),
            (['--split', 'test', '--cfg-options', 'test_dataloader=None'],
             'has no test_dataloader; try --split val')):
        printed, reason = inspect(*options)
        assert said in f'{printed}{reason}'
        assert reason
    assert not (tmp_path / 'out').exists()
