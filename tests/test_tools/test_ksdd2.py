"""A classifier of surfaces from tools/make_sample.py to tools/test.py."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from run_tool import run_tool

from mmseg_ext.engine import load_config, train
from mmseg_ext.samples import write_ksdd2_sample

CONFIGS = sorted((Path(__file__).parents[2] / 'configs/ksdd2').glob(
    'efficientnet*.py'))
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
TINY = [
    'train_dataloader.batch_size=2', 'train_cfg.max_iters=2',
    'train_cfg.val_interval=2', 'default_hooks.checkpoint.interval=2',
    *(f'{name}.{key}' for name in LOADERS
      for key in ('num_workers=0', 'persistent_workers=False',
                  'dataset.val_ratio=0.3')),
    *(f'{name}.dataset.pipeline.1.scale=(32,64)' for name in LOADERS),
]


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Six training and four test surfaces of about 58 x 160 pixels."""
    return write_ksdd2_sample(
        tmp_path_factory.mktemp('data') / 'ksdd2', 3, 3, 2, 2, (160, 58))


def options(*pairs) -> dict:
    """Turn KEY=VALUE into what --cfg-options makes of it."""
    keys = dict(pair.split('=', 1) for pair in (*TINY, *pairs))
    return {key: eval(value) for key, value in keys.items()}


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_trains_one_step(path, root, tmp_path):
    cfg = load_config(
        str(path), work_dir=str(tmp_path), data_root=str(root),
        from_scratch=True, cfg_options=options())
    assert cfg.model.backbone.init_cfg is None
    cfg.experiment_name = path.stem
    runner = train(cfg)
    scalars = {
        name: history.current()
        for name, history in runner.message_hub.log_scalars.items()
    }
    assert np.isfinite(scalars['train/loss'])
    assert 0 <= scalars['val/AP'] <= 100
    assert 0 <= scalars['val/accuracy'] <= 100
    assert list(tmp_path.glob('best_AP_iter_2.pth'))


def test_published_weights_load(config_path, tmp_path):
    """What the config downloads has this form."""
    init_default_scope('mmseg')
    cfg = load_config(config_path('efficientnet_b0_ksdd2')).model.backbone
    assert cfg.init_cfg.checkpoint.startswith('https://')
    published = MODELS.build(
        dict(type='mmpretrain.EfficientNet', arch='b0')).state_dict()
    weights = {f'backbone.{key}': value + 1
               for key, value in published.items()}
    torch.save(dict(state_dict=weights), tmp_path / 'b0.pth')
    cfg.init_cfg.checkpoint = str(tmp_path / 'b0.pth')
    backbone = MODELS.build(cfg)
    backbone.init_weights()
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, weights[f'backbone.{key}'])


@pytest.fixture
def run(repository, tmp_path):
    """Return a function that runs a tool in a folder of its own."""

    def run(tool, *arguments) -> str:
        printed, reason = run_tool(
            repository / 'tools' / tool, *arguments, cwd=tmp_path)
        assert reason is None, (printed, reason)
        return printed
    return run


def test_train_and_test_with_labels_instead_of_masks(run, repository, root,
                                                     tmp_path):
    images = [path for path in sorted(root.glob('*/*.png'))
              if path.stem.isdigit()]
    rows = ['image,label']
    for path in images:
        name = path.relative_to(root).as_posix()
        (tmp_path / 'data' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'data' / name).write_bytes(path.read_bytes())
        rows.append(f'{name},{len(rows) % 2}')
    (tmp_path / 'labels.csv').write_text('\n'.join(rows))
    config = repository / 'configs/ksdd2/efficientnet_b0_ksdd2.py'
    common = ['--data-root', 'data', '--dataset-options', 'labels=labels.csv',
              '--work-dir', 'work', '--cfg-options', *TINY]
    run('train.py', config, '--from-scratch', *common)
    printed = run('test.py', config, 'work/iter_2.pth', *common)
    assert '| defective    |      2 |' in printed
    assert 'AP: ' in printed and 'accuracy: ' in printed


def test_make_sample(repository, tmp_path):
    printed, _ = run_tool(
        repository / 'tools/make_sample.py', 'ksdd2', 'set',
        '--num-defective', 2, '--num-clean', 1, '--num-test-defective', 1,
        '--num-test-clean', 0, '--size', 160, 58, cwd=tmp_path)
    assert '4 of 4 images' in printed
    names = {path.name for path in tmp_path.glob('set/train/*')}
    assert {'10002.png', '10002_GT.png', '10000_GT (copy).png'} < names
