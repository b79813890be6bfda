"""A model of other classes than the data's."""
from pathlib import Path

import pytest
from tiny import tiny_quickstart

from mmseg_ext.engine import train


@pytest.fixture
def cfg(config_path, tmp_path, sem_root):
    return tiny_quickstart(config_path('segformer_xattn_quickstart'),
                           tmp_path, sem_root, steps=1)


def test_too_few_classes_stop_before_the_first_step(cfg):
    cfg.model.decode_head.num_classes = 2
    with pytest.raises(ValueError, match=(
            r'model\.decode_head\.num_classes is 2, and the data set has 3 '
            r'classes \(A, B, C\)\..*--cfg-options '
            r'model\.decode_head\.num_classes=3$')):
        train(cfg)


def test_more_classes_are_told(cfg):
    cfg.model.decode_head.num_classes = 4
    cfg.val_evaluator = cfg.test_evaluator = dict(
        type='IoUMetric')  # ours refuses a class that no data set has
    runner = train(cfg)
    assert 'num_classes is 4' in Path(runner.logger.log_file).read_text()
