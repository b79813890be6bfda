"""What stops a training before its first step, and what does not."""
import shutil
import time

import cv2
import numpy as np
import pytest
from run_tool import run_tool

from mmseg_ext.checking.quick_check import check_quickly
from mmseg_ext.engine import load_config


@pytest.fixture
def root(sem_root, tmp_path):
    return shutil.copytree(sem_root, tmp_path / 'sem')


def test_good_data_take_no_time(config_path, root):
    cfg = load_config(config_path('segformer_xattn_quickstart'),
                      data_root=str(root))
    assert check_quickly(cfg) == []
    for i in range(200):
        for kind in ('images', 'masks'):
            shutil.copy(root / kind / 'train/train_000.png',
                        root / kind / f'train/{i}.png')
    begun = time.monotonic()
    assert check_quickly(cfg, pairs=10**6, seconds=0) == []
    assert time.monotonic() - begun < 5


def test_a_mask_of_other_values_is_found_among_many(config_path, root):
    cfg = load_config(config_path('segformer_xattn_quickstart'),
                      data_root=str(root))
    for path in (root / 'masks/val').iterdir():
        mask = cv2.imread(str(path), -1)
        cv2.imwrite(str(path), np.where(mask == 2, 7, mask))
    finding, = check_quickly(cfg)
    assert '7' in finding.what and 'val' in finding.what
    assert finding.count == 2


def test_pairs_are_spread_over_all_of_a_part(config_path, root):
    for i in range(20):
        shutil.copy(root / 'images/train/train_000.png',
                    root / f'images/train/z{i:02}.png')
        mask = cv2.imread(str(root / 'masks/train/train_000.png'), -1)
        cv2.imwrite(str(root / f'masks/train/z{i:02}.png'),
                    np.where(mask == 2, 7, mask) if i > 12 else mask)
    cfg = load_config(config_path('segformer_xattn_quickstart'),
                      data_root=str(root))
    more_than_half = len(list((root / 'images/train').iterdir())) // 2 + 1
    finding, = check_quickly(cfg, more_than_half)
    assert '7' in finding.what


def test_the_tool_refuses_and_says_what_to_write(
        config_path, repository, root, tmp_path):
    config = config_path('segformer_xattn_quickstart')
    tool = repository / 'tools/train.py'
    _, reason = run_tool(
        tool, config, '--data-root', root, '--cfg-options',
        'model.decode_head.num_classes=2', cwd=tmp_path)
    assert 'model = dict(decode_head=dict(num_classes=3))' in reason
    assert 'tools/check_dataset.py' in reason and '--no-check' in reason
    _, reason = run_tool(
        tool, config, '--data-root', root, '--dataset-options',
        "metainfo=dict(classes=('a', 'b'))", cwd=tmp_path)
    assert 'no class' in reason  # a mask of class 2
    assert not list((tmp_path).glob('work_dirs'))
