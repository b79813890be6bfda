"""Predict, correct as a person does, read back, and train on it."""
import csv
import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.inference import TorchModel, predict
from mmseg_ext.inference.entropy import entropies
from mmseg_ext.labeling import PhaseLabelingJob, predicts_phases


@pytest.fixture(scope='module')
def cfg(sem_root) -> Config:
    cfg = tiny_config()
    dataset = cfg.test_dataloader.dataset
    dataset.update(data_root=str(sem_root), data_prefix=dict(
        img_path='images/train', seg_map_path='masks/train'))
    cfg.train_dataloader = dict(
        batch_size=2, num_workers=0,
        sampler=dict(type='InfiniteSampler', shuffle=True), dataset=dataset)
    return cfg


@pytest.fixture(scope='module')
def weights(cfg, tmp_path_factory) -> str:
    return write_weights(cfg, tmp_path_factory.mktemp('weights') / 'a.pth')


@pytest.fixture
def images(sem_root, tmp_path):
    """Two new pictures, a near duplicate, one of training, a bad file.

    With their information bands 128 x 128 pixels.
    """
    folder = tmp_path / 'scans'
    (folder / 'deep').mkdir(parents=True)
    new = sorted((sem_root / 'images/val').iterdir())
    for name, path in zip(('a', 'deep/b'), new):
        shutil.copy(path, folder / f'{name}.png')
    twin = cv2.convertScaleAbs(cv2.imread(str(folder / 'a.png')), alpha=0.98)
    cv2.imwrite(str(folder / 'twin.png'), twin)
    shutil.copy(next((sem_root / 'images/train').iterdir()),
                folder / 'known.png')
    (folder / 'bad.png').write_bytes(b'no picture')
    return folder


@pytest.fixture
def job(cfg, weights, images, tmp_path):
    """Return a function that makes jobs in one folder."""
    def job(**more) -> PhaseLabelingJob:
        return PhaseLabelingJob(
            cfg, weights, images, tmp_path / 'out', **more)
    return job


def rows_of(out) -> dict:
    with open(out / 'labels.csv', newline='') as file:
        return {row['image']: row for row in csv.DictReader(file)}


def edit(out, name, change) -> None:
    path = out / f'labelme/{name}.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2))  # as labelme does


def square(label, *corners) -> dict:
    return dict(label=label, shape_type='rectangle', points=corners)


def test_the_loop(job, cfg, weights, images, tmp_path):
    out = tmp_path / 'out'
    printed = job(number=1).run()
    rows = rows_of(out)
    model = TorchModel(cfg, weights)
    for name in ('a', 'deep/b', 'twin'):
        image = cv2.imread(str(images / f'{name}.png'))
        assert float(rows[name]['uncertainty']) == pytest.approx(
            entropies(model.logits(image[None])).mean(), rel=1e-4)
        np.testing.assert_array_equal(
            cv2.imread(str(out / f'predictions/{name}.png'), 0),
            predict(model, image).mask)
    assert "config's train" in rows['known']['reason']
    assert 'cannot be read' in rows['bad']['reason']
    first, second = sorted(
        (name for name in ('a', 'twin')),
        key=lambda name: -float(rows[name]['uncertainty']))
    assert rows[second]['near_duplicate_of'] == first
    order = sorted((first, 'deep/b'),
                   key=lambda name: -float(rows[name]['uncertainty']))
    assert list(rows) == [*order, second, 'bad', 'known']
    assert [row['status'] for row in rows.values()] == [
        'review', 'waiting', 'waiting', 'left out', 'left out']
    assert f'  {order[0]}\n' in printed and '--labels A,B,C,ignore' in printed
    before = (out / 'labels.csv').read_bytes()
    job(number=1).run()  # one waits already
    assert (out / 'labels.csv').read_bytes() == before
    job(number=2).run()
    assert [row['status'] for row in rows_of(out).values()][:3] == [
        'review', 'review', 'waiting']

    # the first is corrected, the second is right
    assert job(number=2).import_corrections() == 'nothing was changed'
    changed, accepted = order
    edit(out, changed, lambda content: content['shapes'].extend([
        square('B', (10, 20), (40, 50)), square('C', (15, 25), (20, 30)),
        square('ignore', (120, 90), (140, 99))]))
    edit(out, accepted, lambda content: content['flags'].update(
        accepted=True))
    printed = job(number=2).import_corrections()
    assert '1 corrected' in printed and '1 accepted' in printed
    assert f'{changed}: 1 polygon reaches beyond the image' in printed
    assert job(number=2).import_corrections().startswith('nothing was')
    rows = rows_of(out)
    assert [rows[name]['status'] for name in order] == [
        'corrected', 'accepted']

    # what was written is what the training reads
    init_default_scope('mmseg')
    written = Config.fromfile(str(out / 'training/config.py'))
    assert written.load_from == weights
    dataset = DATASETS.build(written.train_dataloader.dataset)
    assert len(dataset) == 4 + 2
    found = {sample['data_samples'].img_path: sample
             for sample in (dataset[i] for i in (4, 5))}
    for name in order:
        path = out / f'training/images/train/{name}.png'
        assert path.read_bytes() == (images / f'{name}.png').read_bytes()
        ids = found[str(path)]['data_samples'].gt_sem_seg.data[0].numpy()
        predicted = cv2.imread(str(out / f'predictions/{name}.png'), 0)
        if name == accepted:
            np.testing.assert_array_equal(ids, predicted)
            continue
        assert (ids[20:51, 10:15] == 1).all() and (
            ids[25:31, 15:21] == 2).all() and (ids[90:100, 120:] == 255).all()
        assert (ids == predicted)[60:85].mean() > 0.9
        assert float(rows[name]['changed_percent']) == pytest.approx(
            100 * (ids != predicted).mean(), rel=1e-4)
    with open(out / 'training/corrections.csv') as file:
        assert {row['image']: row['by_hand'] for row in csv.DictReader(file)
                } == {changed: 'corrected', accepted: 'accepted'}

    # a person thinks better of it
    edit(out, accepted, lambda content: content.update(flags={}))
    assert '1 withdrawn' in job(number=2).import_corrections()
    assert not (out / f'training/images/train/{accepted}.png').exists()
    assert not (out / f'training/masks/train/{accepted}.png').exists()
    edit(out, changed, lambda content: content.update(
        shapes=content['shapes'][:-3]))
    assert '1 withdrawn' in job(number=2).import_corrections()
    assert not (out / 'training/config.py').exists()


def refuse(job, *found) -> None:
    with pytest.raises(ValueError) as error:
        job().import_corrections()
    assert all(part in str(error.value) for part in found), error.value


def test_what_cannot_be_read_back(job, images, tmp_path):
    out = tmp_path / 'out'
    with pytest.raises(FileNotFoundError, match='no labels in'):
        job().import_corrections()
    assert not out.exists()
    job(base_phase='C').run()
    edit(out, 'deep/b', lambda content: content.update(
        shapes=[square('b', (1, 1), (5, 5))]))
    name = next(name for name in ('a', 'twin')
                if (out / f'labelme/{name}.json').exists())
    edit(out, name, lambda content: content.update(imageHeight=95))
    refuse(job, '2 files', "labelled 'b'; allowed are ignore, A, B, C",
           'belongs to an image of 95 x 128')
    (out / f'labelme/{name}.json').write_text('{"a": 1}')
    shutil.copy(images / 'known.png', images / 'deep/b.png')
    refuse(job, 'is no JSON file of labelme', 'was replaced after')
    with pytest.raises(ValueError, match=r'1 image was replaced.*deep/b'):
        job().run()
    (images / 'deep/b.png').unlink()
    (out / f'labelme/{name}.json').unlink()
    refuse(job, 'is missing. Put it back', 'is no longer there')
    assert not (out / 'training').exists()


def test_bad_wishes(job, cfg, weights, images, tmp_path):
    for wish, found in ((dict(number=0), 'number=0'),
                        (dict(tolerance=-1.0), 'tolerance=-1.0')):
        with pytest.raises(ValueError, match=found):
            job(**wish)
    with pytest.raises(ValueError, match="base_phase='D': the phases are A"):
        job(base_phase='D').run()
    assert not (tmp_path / 'out').exists()
    job().run()
    with pytest.raises(ValueError, match='begun with other settings: toler'):
        job(tolerance=2.0).run()
    for again in (job(bit_depth=12).run, job(bit_depth=12).import_corrections):
        with pytest.raises(ValueError, match='bit_depth was None, is 12'):
            again()
    torch.save(dict(torch.load(weights), more=1), tmp_path / 'b.pth')
    with pytest.raises(ValueError, match='weights_sha256 was'):
        PhaseLabelingJob(cfg, str(tmp_path / 'b.pth'), images,
                         tmp_path / 'out').run()


def test_which_models_predict_phases(cfg):
    assert predicts_phases(cfg)
    assert not predicts_phases(tiny_config())  # trains on nothing
