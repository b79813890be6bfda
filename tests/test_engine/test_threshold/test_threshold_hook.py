"""A training on surfaces writes its best checkpoint with a threshold."""
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from run_tool import run_tool
from tiny import shrink

from mmseg_ext import engine
from mmseg_ext.engine import load_config, train
from mmseg_ext.engine.trained import load_trained


def settings(repository, mvtec_like, work_dir, steps: int = 4):
    init_default_scope('mmseg')
    cfg = shrink(load_config(
        str(repository / 'configs/mvtec_ad/unet_c16_mvtec.py'),
        work_dir=str(work_dir), data_root=str(mvtec_like)))
    cfg.model.backbone.base_channels = 4
    cfg.model.decode_head.update(in_channels=4, channels=4)
    cfg.train_cfg.update(max_iters=steps, val_interval=2)
    cfg.experiment_name = f'threshold_{work_dir}'
    cfg.randomness = dict(seed=0)
    # the metrics compared are those of the images that choose
    cfg.test_dataloader = cfg.val_dataloader
    for metric in cfg.test_evaluator:
        if metric.type == 'AnomalyScoreMetric':
            # few steps spread scores little, and elsewhere other bins part
            # them
            metric.num_bins = 2**20
    return cfg


@pytest.fixture(scope='module')
def trained(repository, mvtec_like, tmp_path_factory):
    """Folder of a training whose two validations saved a best checkpoint."""
    folder = tmp_path_factory.mktemp('trained')
    train(settings(repository, mvtec_like, folder))
    return folder


def files_of(folder: Path) -> tuple[Path, Path]:
    moved, = folder.glob('best_*_threshold.pth')
    return folder / moved.name.replace('_threshold', ''), moved


def test_only_the_bias_moves(trained):
    plain, moved = (torch.load(path, weights_only=False)
                    for path in files_of(trained))
    note = moved['meta']['threshold']
    assert note['checkpoint'] == files_of(trained)[0].name
    for key, value in plain['state_dict'].items():
        shift = torch.zeros_like(value)
        if key == 'decode_head.conv_seg.bias':
            shift[1] = -note['log_odds']
        torch.testing.assert_close(moved['state_dict'][key], value + shift)
    assert 'optimizer' not in moved
    # what predict goes by is there
    assert moved['meta']['intensity'] == plain['meta']['intensity']


def test_stock_test_finds_what_was_promised(repository, mvtec_like, trained):
    plain, moved = files_of(trained)
    note = torch.load(moved, weights_only=False)['meta']['threshold']
    found = [engine.test(settings(repository, mvtec_like, trained), str(path))
             for path in (plain, moved)]
    assert found[1]['IoU.anomaly'] == pytest.approx(100 * note['iou'],
                                                    abs=0.02)
    assert found[1]['IoU.anomaly'] >= found[0]['IoU.anomaly']
    for name in ('pixelAP', 'imageAUROC'):
        assert found[1][name] == pytest.approx(found[0][name], abs=0.05)


def test_tool_writes_the_same(repository, mvtec_like, trained, tmp_path):
    plain, moved = files_of(trained)
    cfg = settings(repository, mvtec_like, tmp_path)
    config = tmp_path / 'config.py'
    cfg.dump(config)
    out = tmp_path / 'weights.pth'
    printed, reason = run_tool(repository / 'tools/set_threshold.py', config,
                               plain, '--out', out, cwd=tmp_path)
    assert reason is None, printed
    assert 'threshold 50 %: IoU' in printed and 'test' in printed
    first, second = (load_trained(cfg, str(path)).decode_head.conv_seg.bias
                     for path in (moved, out))
    torch.testing.assert_close(first, second)
    printed, reason = run_tool(repository / 'tools/set_threshold.py', config,
                               plain, '--out', out, cwd=tmp_path)
    assert 'exists already' in str(reason)
    printed, reason = run_tool(
        repository / 'tools/set_threshold.py', config, plain, '--out', out,
        '--recall', '1', '--overwrite', cwd=tmp_path)
    assert reason is None and 'recall 100.0 %' in printed.splitlines()[-4]


def test_resumed_training_keeps_it(repository, mvtec_like, trained, capsys):
    before = files_of(trained)[1].read_bytes()
    train(settings(repository, mvtec_like, trained), resume=True)
    assert files_of(trained)[1].read_bytes() == before
    assert files_of(trained)[1].name in capsys.readouterr().out


def test_without_a_defect_in_validation_there_is_none(
        repository, mvtec_like, tmp_path, capsys):
    cfg = settings(repository, mvtec_like, tmp_path, steps=2)
    images = DATASETS.build(cfg.val_dataloader.dataset)
    cfg.val_dataloader.dataset.indices = [
        i for i in range(len(images))
        if images.get_data_info(i)['defect_type'] == 'good']
    train(cfg)
    assert 'no defect: no threshold' in capsys.readouterr().out
    assert [*tmp_path.glob('best_*.pth')]
    assert not [*tmp_path.glob('*_threshold.pth')]
