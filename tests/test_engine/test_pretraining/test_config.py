"""What of a config learns, and how it sees images."""
import pytest
from mmengine.config import Config

from mmseg_ext.engine.budget import Schedule
from mmseg_ext.engine.pretraining import Settings
from mmseg_ext.engine.pretraining.config import (
    pretraining_config,
    read_student,
)
from mmseg_ext.engine.pretraining.teacher import Teacher

START = dict(type='Pretrained', checkpoint='https://nowhere/weights.pth')
PACKAGED = dict(type='Pretrained', checkpoint='package://efficientnet_lite0')


def student(tmp_path, backbone: dict, **model) -> tuple[dict, dict]:
    path = tmp_path / 'config.py'
    Config(dict(model=dict(model, backbone=backbone))).dump(str(path))
    _, backbone, normalization = read_student(str(path))
    return backbone, normalization


def test_it_begins_at_random_and_in_full(tmp_path):
    backbone, _ = student(tmp_path, dict(
        type='ResNet', depth=18, init_cfg=START, frozen_stages=1,
        norm_eval=True), pretrained='torchvision://resnet18')
    assert backbone == dict(type='ResNet', depth=18, init_cfg=None,
                            frozen_stages=-1, norm_eval=False)
    backbone, _ = student(tmp_path, dict(type='TIMMBackbone',
                                         pretrained=True))
    assert backbone['pretrained'] is False


def test_parts_keep_what_they_start_from(tmp_path):
    backbone, _ = student(tmp_path, dict(
        type='HybridTransformer', init_cfg=START, stem=dict(
            type='TimmBackbone', init_cfg=PACKAGED)))
    assert backbone['init_cfg'] is None
    assert backbone['stem']['init_cfg'] == PACKAGED


def test_a_backbone_with_plugins_is_no_part(tmp_path):
    backbone, _ = student(tmp_path, dict(
        type='PluginBackbone', backbone=dict(type='ResNet', init_cfg=START)))
    assert backbone['backbone']['init_cfg'] is None


@pytest.mark.parametrize(('preprocessor', 'expected'), [
    (dict(mean=[1, 2, 3], std=[4, 5, 6], bgr_to_rgb=True),
     dict(mean=[1, 2, 3], std=[4, 5, 6], to_rgb=True)),
    (dict(mean=[1, 2, 3], std=[4, 5, 6], to_rgb=True),  # mmpretrain's
     dict(mean=[1, 2, 3], std=[4, 5, 6], to_rgb=True)),
    (dict(bgr_to_rgb=False), dict(mean=None, std=None, to_rgb=False)),
    (None, dict(mean=None, std=None, to_rgb=False)),
])
def test_its_own_normalization(tmp_path, preprocessor, expected):
    _, found = student(tmp_path, dict(type='ResNet'),
                       data_preprocessor=preprocessor)
    assert found == dict(expected, in_channels=3)


def test_each_folder_is_drawn_as_often(tmp_path):
    cfg = pretraining_config(
        Settings('config.py', [str(tmp_path)] * 3), Teacher(
            '', '', '', {}, {}), {}, {}, [['a'] * 9, ['b'] * 90, ['c'] * 30],
        Schedule(100, 10, ''), 'work')
    parts = cfg.train_dataloader.dataset.datasets
    assert [part.times for part in parts] == [10, 1, 3]
    assert {part.dataset.part for part in parts} == {'train'}
    assert cfg.val_dataloader.dataset.part == 'val'
