"""Of a checkpoint that is not there, those that are are named."""
from functools import partial
from pathlib import Path

import pytest

from mmseg_ext import engine
from mmseg_ext.engine import load_config
from mmseg_ext.engine.checkpoint_files import check_checkpoint
from mmseg_ext.inference import TorchModel
from mmseg_ext.inference.export import export_model


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A work folder with two checkpoints and the best."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'work_dirs/segformer_sem'
    folder.mkdir(parents=True)
    for name in ('iter_500.pth', 'iter_1500.pth', 'best_mIoU_iter_500.pth',
                 'segformer_sem.py', 'last_checkpoint'):
        (folder / name).touch()
    return folder


def told(path: str) -> str:
    with pytest.raises(FileNotFoundError) as error:
        check_checkpoint(path)
    return str(error.value)


def test_what_is_there(here, monkeypatch):
    check_checkpoint('work_dirs/segformer_sem/iter_500.pth')
    check_checkpoint('https://example.com/a.pth')
    monkeypatch.setenv('HOME', str(here))
    check_checkpoint('~/iter_500.pth')


def test_others_in_its_folder_the_nearest_first(here):
    folder = 'work_dirs/segformer_sem'
    assert told(f'{folder}/iter_150.pth') == (
        f'There is no checkpoint {folder}/iter_150.pth; in {folder} there is '
        'iter_1500.pth, iter_500.pth, best_mIoU_iter_500.pth')
    assert told(folder).startswith(f'{folder} is a folder, and a checkpoint')
    assert 'iter_500.pth, iter_1500.pth' in told(folder)


def test_a_folder_that_is_misspelt(here):
    assert told('work_dir/segformer_semm/iter_500.pth').endswith(
        'in work_dirs/segformer_sem there is iter_500.pth, iter_1500.pth, '
        'best_mIoU_iter_500.pth')


def test_nothing_near(here):
    assert told('zzz/qqq/a.pth') == 'There is no checkpoint zzz/qqq/a.pth'
    assert told('work_dirs/a.pth').endswith('there is none in work_dirs')
    assert told('a.pth').endswith(f'there is none in {Path.cwd()}')


@pytest.mark.parametrize('use', [
    engine.test, engine.load_trained, TorchModel,
    partial(export_model, out='model.onnx')], ids=[
        'test', 'load', 'predict', 'export'])
def test_whatever_needs_it(use, here, config_path):
    cfg = load_config(config_path('segformer_mit-b0_sem'),
                      work_dir='work_dirs/segformer_sem')
    with pytest.raises(FileNotFoundError, match=r'there is iter_1500\.pth'):
        use(cfg, checkpoint='work_dirs/segformer_sem/iter_1501.pth')


def test_a_folder_that_was_moved(here, config_path):
    (here / 'last_checkpoint').write_text('/elsewhere/iter_1500.pth')
    cfg = load_config(config_path('segformer_mit-b0_sem'), work_dir=str(here))
    with pytest.raises(FileNotFoundError, match=r'^There is no checkpoint /e'):
        engine.train(cfg, resume=True)
