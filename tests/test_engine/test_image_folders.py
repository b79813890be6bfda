"""Equal file names in sub-folders stay apart in all that a test writes."""
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext import engine
from mmseg_ext.engine.image_folders import image_folders
from mmseg_ext.visualization.comparison import predictions_in


def test_folders_in_wrappers():
    one, two = (SimpleNamespace(data_prefix=dict(img_path=path))
                for path in ('a/images', 'b/images'))
    both = SimpleNamespace(datasets=[one, SimpleNamespace(dataset=two)])
    assert image_folders(both) == ['a/images', 'b/images']
    assert image_folders(SimpleNamespace(data_prefix={})) == []


@pytest.fixture
def cfg(tmp_path):
    """A config and data: one file name for two samples."""
    root = tmp_path / 'data'
    for sample in 'AB':
        for kind, level in (('images', 90), ('masks', 0)):
            path = root / kind / 'val' / sample / '01.png'
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), np.full(
                (32, 40), level + (sample == 'B'), np.uint8))
    cfg = tiny_config()
    cfg.test_dataloader.dataset.update(
        data_root=str(root), data_prefix=dict(
            img_path='images/val', seg_map_path='masks/val'))
    cfg.test_dataloader.update(
        batch_size=1, num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False))
    cfg.update(test_cfg=dict(type='TestLoop'), default_scope='mmseg',
               test_evaluator=dict(type='PerClassIoUMetric'),
               work_dir=str(tmp_path / 'work'))
    return cfg


@pytest.mark.parametrize('wrapped', [False, True])
def test_predictions_and_panels(cfg, tmp_path, wrapped):
    checkpoint = write_weights(cfg, tmp_path / 'model.pth')
    if wrapped:
        cfg.test_dataloader.dataset = dict(
            type='ConcatDataset', datasets=[cfg.test_dataloader.dataset])
    cfg.experiment_name = f'folders_{wrapped}'
    engine.test(cfg, checkpoint, out=str(tmp_path / 'masks'),
                show_dir=str(tmp_path / 'panels'))
    for folder in ('masks', 'panels'):
        files = {path.relative_to(tmp_path / folder).as_posix()
                 for path in (tmp_path / folder).rglob('*.png')}
        assert files == {'A/01.png', 'B/01.png'}
    # tools/compare_figures.py finds them again
    read = predictions_in(str(tmp_path / 'masks'),
                          [str(tmp_path / 'data/images/val')])
    for sample in 'AB':
        path = tmp_path / f'data/images/val/{sample}/01.png'
        np.testing.assert_array_equal(
            read(dict(img_path=str(path))), cv2.imread(
                str(tmp_path / f'masks/{sample}/01.png'), 0))
    with pytest.raises(FileNotFoundError, match=r'02\.png is missing'):
        read(dict(img_path=str(Path('x/02.tif'))))
    # and no other image's in the place of one that is lost
    (tmp_path / 'masks/A/01.png').rename(tmp_path / 'masks/01.png')
    with pytest.raises(FileNotFoundError, match=r'A.01\.png is missing'):
        read(dict(img_path=str(tmp_path / 'data/images/val/A/01.png')))
