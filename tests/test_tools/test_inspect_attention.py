"""tools/inspect_attention.py, as a user goes."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from run_tool import run_tool

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.engine import load_config

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture
def inspect(repository, config_path, sem_root, tmp_path):
    config = config_path('segformer_xattn_quickstart')
    init_default_scope('mmseg')
    model = MODELS.build(load_config(config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')

    def run(*options):
        return run_tool(
            repository / 'tools/inspect_attention.py', config, 'weights.pth',
            '--data-root', sem_root, '--max-images', 1, '--out', 'out',
            *options, cwd=tmp_path)

    return run


def test_two_tables_and_a_figure(inspect, sem_root, tmp_path):
    printed, reason = inspect()
    assert not reason
    assert '1 image, 1 of them with masks' in printed
    assert (tmp_path / 'out/attention.png').stat().st_size > 1000
    assert [row['pair'] for row in read_table(tmp_path / 'out/pairs.csv')] == [
        'F4<-F8', 'F8<-F16', 'F16<-F32']
    changes = read_table(tmp_path / 'out/changes.csv')
    assert len(changes) == 13 and all(row['mIoU'] for row in changes)

    printed, reason = inspect()
    assert '--overwrite' in reason
    printed, reason = inspect(
        '--images', sem_root / 'images/val', '--overwrite')
    assert not reason and '1 image, 0 of them with masks' in printed
    changes = read_table(tmp_path / 'out/changes.csv')
    assert not any(row['mIoU'] for row in changes)
    assert all(row['changed'] for row in changes)


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
