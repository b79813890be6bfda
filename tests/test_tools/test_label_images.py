"""From a folder of images to masks that a data set reads, by the tool."""
import csv
import json
import os
import runpy
import sys

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

from mmseg_ext.basics import claimed_folder
from mmseg_ext.engine import load_config
from mmseg_ext.labeling import Sam2Segmenter
from mmseg_ext.samples import write_ksdd2_sample

CONFIG = 'configs/ksdd2/efficientnet_b0_116x320_ksdd2.py'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Three defective and two clean surfaces of about 58 x 160 pixels."""
    return write_ksdd2_sample(
        tmp_path_factory.mktemp('data') / 'ksdd2', 3, 2, 1, 1, (160, 58))


@pytest.fixture(scope='module')
def checkpoint(repository, tmp_path_factory):
    """A classifier whose map is nowhere 0: every image gets a point.

    Random weights; with the statistics of real activations, which
    otherwise fade.
    """
    init_default_scope('mmseg')
    cfg = load_config(str(repository / CONFIG))
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.rand(4, 3, 160, 58))
        model.head.fc.weight[1] = 1.0
        model.head.fc.bias[1] = 5.0
    path = tmp_path_factory.mktemp('weights') / 'classifier.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


@pytest.fixture
def label(repository, checkpoint, root, tmp_path, monkeypatch, capsys):
    """Return a function that runs the tool in a folder of its own."""
    tool = str(repository / 'tools/label_images.py')
    monkeypatch.chdir(tmp_path)

    def label(*arguments, images=root / 'train', config=CONFIG):
        monkeypatch.setattr(sys, 'argv', [
            tool, str(repository / config), str(checkpoint), str(images),
            'out', *arguments])
        runpy.run_path(tool, run_name='__main__')
        return capsys.readouterr().out
    return label


def read(path):
    return {row['image']: row for row in csv.DictReader(path.open())}


def test_labels_corrections_and_training_data(label, root, tmp_path):
    printed = label('--ground-truth', '--accept', '0', '--area', '0', '1')
    assert '5 images, 0 of them labelled before' in printed
    assert '| clean | 2 |' in printed
    assert 'ground truth of 3 defective images' in printed
    rows = read(tmp_path / 'out/labels.csv')
    assert len(rows) == 5
    marked = [name for name, row in rows.items() if row['label'] == '1']
    for name in marked:
        size = cv2.imread(str(root / f'train/{name}.png')).shape[:2]
        content = json.loads(
            (tmp_path / f'out/labelme/{name}.json').read_text())
        assert (content['imageHeight'], content['imageWidth']) == size

    # again: nothing is left to do, and nothing changes
    table = (tmp_path / 'out/labels.csv').read_bytes()
    assert '5 images, 5 of them labelled before' in label(
        '--ground-truth', '--accept', '0', '--area', '0', '1')
    assert (tmp_path / 'out/labels.csv').read_bytes() == table

    for name in marked:
        path = tmp_path / f'out/labelme/{name}.json'
        content = json.loads(path.read_text())
        content['shapes'] = [dict(
            label='defect', shape_type='rectangle', points=[[3, 4], [12, 9]])]
        path.write_text(json.dumps(content))
    printed = label('--ground-truth', '--accept', '0', '--area', '0', '1',
                    '--import-corrections')
    assert '3 corrected' in printed
    assert '| corrected | 3 |' in printed

    # what was written is what the data set of a segmentor reads
    dataset = DATASETS.build(dict(
        type='KSDD2Dataset', data_root=str(root), val_ratio=0.0,
        mask_dir=str(tmp_path / 'out/masks'), pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadBinaryAnnotations')]))
    assert len(dataset) == 5
    for sample in dataset:
        expected = np.zeros(sample['img'].shape[:2])
        if sample['defective']:
            expected[4:10, 3:13] = 1
        np.testing.assert_array_equal(sample['gt_seg_map'], expected)


def test_random_walker_and_labels(label, root, tmp_path):
    pytest.importorskip('skimage')
    (tmp_path / 'labels.csv').write_text('image,label\n' + '\n'.join(
        f'train/{path.stem},{int("2" in path.stem)}'
        for path in sorted((root / 'train').glob('*.png'))
        if path.stem.isdigit()))
    label('--labels', 'labels.csv', '--segmenter', 'random_walker')
    rows = read(tmp_path / 'out/labels.csv')
    assert {name: row['status'] == 'clean' for name, row in rows.items()} == {
        name: '2' not in name for name in rows}


def test_sam2(label, root, tiny_sam2, tmp_path):
    label('--ground-truth', '--segmenter', 'sam2', '--sam2-weights',
          str(tiny_sam2), '--accept', '0', '--area', '0', '1')
    rows = read(tmp_path / 'out/labels.csv')
    marked = {name: row for name, row in rows.items() if row['label'] == '1'}
    assert len(marked) == 3
    for name, row in marked.items():
        assert row['status'] == 'accepted'
        # the mask is SAM's for the point in the table, chosen from three
        image = cv2.imread(str(root / f'train/{name}.png'))
        mask = cv2.imread(str(tmp_path / f'out/masks/{name}_GT.png'), 0) > 0
        (point, ) = row['points'].split()
        row_col = tuple(map(int, point.split(':')))
        candidates = Sam2Segmenter(str(tiny_sam2), device='cpu').segment(
            image[..., ::-1], [row_col])
        assert any((mask == c.mask).all() for c in candidates)


@pytest.mark.parametrize(('arguments', 'found'), [
    (dict(images='none'), 'No images in none; expected are'),
    (['--segmenter', 'sam2'], '--sam2-weights FOLDER'),
    (['--segmenter', 'sam3'], '--sam3-weights FOLDER'),
    (['--next', '3'], '--next goes with the config of a segmentor'),
    (dict(config='configs/mvtec_ad/unet_c16_mvtec.py'),
     'a classifier is needed'),
    (['--labels', 'labels.csv'], '5 of 5 images'),
    (['--import-corrections'], 'no labels in out'),
])
def test_mistakes_are_sentences(label, arguments, found, tmp_path):
    (tmp_path / 'labels.csv').write_text('image,label\ntrain/1,1\n')
    more = arguments if isinstance(arguments, dict) else {}
    with pytest.raises(SystemExit, match=found):
        label(*(() if more else arguments), **more)
    assert not (tmp_path / 'out').exists()


def test_a_second_job_is_refused(label, tmp_path):
    with claimed_folder(tmp_path / 'out'):
        for arguments in ([], ['--import-corrections']):
            with pytest.raises(SystemExit, match=rf'out is being written by '
                               f'process {os.getpid()} on'):
                label('--ground-truth', *arguments)
    assert not (tmp_path / 'out').exists()
