"""The options that lead a test to the model and the data of a training."""
import pytest

from mmseg_ext.engine import load_config
from mmseg_ext.engine.console.cited_config import cite_config


@pytest.fixture
def path(config_path):
    return config_path('segformer_xattn_mit-b0_sem')


def test_the_config_alone(path):
    assert cite_config(load_config(path)) == [path]
    # what is of the training only
    cfg = load_config(path, from_scratch=True, cfg_options={
        'train_cfg.max_epochs': 3, 'train_dataloader.batch_size': 1})
    assert cite_config(cfg) == [path]


def test_data_and_work_dir(path):
    cfg = load_config(path, data_root='my data', work_dir='out')
    assert cite_config(cfg) == [
        path, '--data-root', 'my data', '--work-dir', 'out']


@pytest.mark.parametrize('options', [
    {'model.decode_head.channels': 8},
    {'test_dataloader.dataset.info_band': 'auto'},
    {'test_dataloader.dataset.data_root': 'elsewhere'},
])
def test_other_options_need_the_config_that_was_written(path, options):
    assert cite_config(load_config(path, cfg_options=options)) is None
