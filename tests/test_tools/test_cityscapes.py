"""From Cityscapes' published polygons to labels that mmseg loads."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_ext.engine import load_config

pytest.importorskip('cityscapesscripts', reason='needs the extra cityscapes')

HEIGHT, WIDTH = 32, 64
# Painted in this order; a polygon's corners belong to it.
OBJECTS = [
    ('sky', (0, 0, 63, 9), 10),
    ('road', (0, 20, 63, 31), 0),
    ('static', (0, 10, 15, 19), 255),  # has an id, and no train id
    ('cargroup', (20, 12, 39, 27), 13),  # cars too close to tell apart
    ('license plate', (24, 22, 30, 24), None),  # is not drawn
    ('rider', (50, 12, 55, 19), 12),
]


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """A picture and its polygons, and nothing else that is published."""
    root = tmp_path_factory.mktemp('as published') / 'cityscapes'
    place = 'val/frankfurt/frankfurt_000000_000294'
    image = root / f'leftImg8bit/{place}_leftImg8bit.png'
    polygons = root / f'gtFine/{place}_gtFine_polygons.json'
    for path in (image, polygons):
        path.parent.mkdir(parents=True)
    Image.new('RGB', (WIDTH, HEIGHT), (90, 120, 60)).save(image)
    objects = [
        dict(label=label,
             polygon=[[left, top], [right, top], [right, low], [left, low]])
        for label, (left, top, right, low), _ in OBJECTS
    ]
    polygons.write_text(
        json.dumps(
            dict(imgHeight=HEIGHT, imgWidth=WIDTH, objects=objects)))
    subprocess.run(
        [Path(sys.executable).with_name('csCreateTrainIdLabelImgs')],
        env=dict(os.environ, CITYSCAPES_DATASET=str(root)),
        check=True)
    return root


@pytest.mark.parametrize('name', ['fcn_r50', 'fcn_r18-c16'])
def test_labels_load(config_path, root, name):
    init_default_scope('mmseg')
    cfg = load_config(
        config_path(f'{name}_cityscapes'), data_root=str(root))
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    assert len(dataset) == 1
    expected = np.full((HEIGHT, WIDTH), 255)  # no label
    for _, (left, top, right, low), train_id in OBJECTS:
        if train_id is not None:
            expected[top:low + 1, left:right + 1] = train_id
    truth = dataset[0]['data_samples'].gt_sem_seg.data.numpy()
    np.testing.assert_array_equal(truth[0], expected)
    names = dataset.metainfo['classes']
    assert [names[i] for i in (0, 10, 12, 13)
            ] == ['road', 'sky', 'rider', 'car']
