"""Folders of predictions and checkpoints answer alike."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.engine import load_config
from mmseg_ext.inference import TorchModel, predict
from mmseg_ext.inference.compared_models import models_to_compare


def test_a_folder_and_a_checkpoint(config_path, tmp_path):
    path = config_path('segformer_mit-b0_sem')
    init_default_scope('mmseg')
    cfg = load_config(path, from_scratch=True)
    weights = str(tmp_path / 'weights.pth')
    torch.save(MODELS.build(cfg.model).state_dict(), weights)
    image = np.random.default_rng(0).integers(
        0, 256, (48, 64, 3), dtype=np.uint8)
    mask = predict(TorchModel(path, weights), image).mask
    (tmp_path / 'out').mkdir()
    cv2.imwrite(str(tmp_path / 'out/a.png'), mask)
    models = models_to_compare(
        [f'written={tmp_path}/out'], [('asked', path, weights)])
    assert list(models) == ['written', 'asked']
    sample = dict(img=image, img_path='images/a.png')
    for read in models.values():
        np.testing.assert_array_equal(read(sample), mask)


def test_a_folder_without_a_name():
    with pytest.raises(ValueError, match='NAME=FOLDER is expected'):
        models_to_compare(['work_dirs/out'])
