"""From images without masks to masks that a config trains on."""
import csv
import json
import shlex
import shutil

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from run_tool import run_tool
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.basics import claimed_folder
from mmseg_ext.basics.intensity_statistics import IntensityCollector
from mmseg_ext.basics.pseudo_labels import PseudoLabels
from mmseg_ext.checking import check_splits, splits_of_folders
from mmseg_ext.checking.config_splits import splits_of_config
from mmseg_ext.engine import load_config
from mmseg_ext.inference import TorchModel
from mmseg_ext.inference.probabilities import probabilities_of
from mmseg_ext.labeling import PseudoLabelJob
from mmseg_ext.labeling import pseudo_label_job as module
from mmseg_ext.labeling.pseudo_label_config import both_config

STEPS = 65535


@pytest.fixture(scope='module')
def cfg(sem_root) -> Config:
    cfg = tiny_config()
    cfg.test_dataloader.dataset.update(
        data_root=str(sem_root), info_band='mask', data_prefix=dict(
            img_path='images/train', seg_map_path='masks/train'))
    cfg.update(
        default_scope='mmseg',
        train_dataloader=dict(
            batch_size=6, num_workers=0,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            dataset=cfg.test_dataloader.dataset),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)))
    return cfg


@pytest.fixture(scope='module')
def weights(cfg, tmp_path_factory) -> str:
    return write_weights(cfg, tmp_path_factory.mktemp('weights') / 'a.pth')


@pytest.fixture
def images(sem_root, tmp_path):
    """Two pictures with information bands, a bad file, what is a mask."""
    folder = tmp_path / 'scans'
    (folder / 'deep').mkdir(parents=True)
    new = sorted((sem_root / 'images/val').iterdir())
    for name, path in zip(('a', 'deep/b'), new):
        shutil.copy(path, folder / f'{name}.png')
    (folder / 'bad.png').write_bytes(b'no picture')
    shutil.copy(folder / 'a.png', folder / 'a_mask.png')
    return folder


@pytest.fixture
def job(cfg, weights, images, tmp_path):
    """Return a function that makes jobs in one folder."""
    def job(config=cfg, out='out', **more) -> PseudoLabelJob:
        return PseudoLabelJob(config, weights, images, tmp_path / out, **more)
    return job


def rows_of(out) -> dict:
    with open(out / 'confidence.csv', newline='') as file:
        return {row['image']: row for row in csv.DictReader(file)}


def files_of(folder) -> dict:
    return {path.relative_to(folder): path.read_bytes()
            for path in folder.rglob('*') if path.is_file()}


def mean_of_flips(model, image) -> np.ndarray:
    """Return (C, H, W): the mean of four mirrored views' probabilities."""
    views = []
    for axes in ((), (1, ), (2, ), (1, 2)):
        seen = np.flip(image, [axis - 1 for axis in axes])
        logits = model.logits(np.ascontiguousarray(seen)[None])[0]
        views.append(np.flip(probabilities_of(logits), axes))
    return np.mean(views, 0)


def test_labels_and_training(job, cfg, weights, images, tmp_path):
    out = tmp_path / 'out'
    printed = job(threshold=.6, per_class=.4).run()

    # masks are those of a plain rewriting
    model = TorchModel(cfg, weights)
    found = {}
    for name in ('a', 'deep/b'):
        image = cv2.imread(str(images / f'{name}.png'))[:96]
        mean = mean_of_flips(model, image)
        found[name] = mean.argmax(0), np.rint(STEPS * mean.max(0))
    mark = PseudoLabels.read(out)
    rows = rows_of(out)
    for k in range(3):
        values = np.concatenate([c[i == k] for i, c in found.values()])
        assert mark.pixels[k] == len(values)
        if len(values):
            least = min(np.ceil(.6 * STEPS), np.quantile(
                values, .4, method='inverted_cdf'))
            assert mark.thresholds[k] * STEPS == pytest.approx(least, abs=.1)
            assert mark.kept[k] == (values >= least).sum()
    least = np.array([round(least * STEPS) if least else STEPS
                      for least in mark.thresholds])
    for name, (ids, confidences) in found.items():
        mask = np.where(confidences >= least[ids], ids, 255)
        np.testing.assert_array_equal(
            cv2.imread(str(out / f'masks/train/{name}.png'), -1), mask)
        assert (out / f'images/train/{name}.png').read_bytes() == (
            images / f'{name}.png').read_bytes()
        row = rows[name]
        assert float(row['kept_fraction']) == pytest.approx(
            (mask != 255).mean(), abs=1e-6)
        assert float(row['mean_confidence']) == pytest.approx(
            confidences.mean() / STEPS, abs=1e-5)
        assert int(row['pixels']) == 96 * 128
        for k, label in enumerate('ABC'):
            if (ids == k).any():
                assert float(row[f'kept_of_{label}']) == pytest.approx(
                    (mask == k).sum() / (ids == k).sum(), abs=1e-6)
    assert 'bad: ' in printed and 'bad' not in rows
    assert '1 file is named as masks are' in printed
    assert cv2.imread(str(out / 'contact_sheet.png')).shape[1] > 600
    assert json.loads((out / 'run.json').read_text())['settings'][
        'tta'] == 'flips'

    # again: nothing changes; another threshold needs --overwrite, predicts
    # nothing, and a mask that a person has changed is not lost in silence
    before = files_of(out)
    job(threshold=.6, per_class=.4).run()
    assert files_of(out) == before
    with pytest.raises(ValueError, match=r'per_class was 0\.4, is 0\.8'):
        job(threshold=.6, per_class=.8).run()
    (out / 'masks/train/a.png').write_bytes(b'drawn')
    with pytest.raises(ValueError, match=r'1 mask in .* was changed by hand'):
        job(threshold=.6, per_class=.4).run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, '_look', None)
        job(threshold=.6, per_class=.4).run(overwrite=True)
    assert files_of(out) == before

    # the config trains, on all of both
    init_default_scope('mmseg')
    written = load_config(str(out / 'train_on_both.py'))
    assert len((out / 'train_on_both.py').read_text().splitlines()) <= 60
    assert written.load_from == weights
    assert len(DATASETS.build(written.train_dataloader.dataset)) == 4 + 2
    steps = written.copy()
    steps.work_dir = str(tmp_path / 'work')
    steps.pop('test_dataloader')
    steps.model.data_preprocessor.size = (96, 128)
    runner = Runner.from_cfg(steps)
    runner.train()
    assert np.isfinite(
        runner.message_hub.get_scalar('train/loss').current())

    # what the check says, by folders and by the config
    folders = [str(out / kind / 'train') for kind in ('images', 'masks')]
    for splits in (splits_of_folders(*folders, list('ABC')),
                   splits_of_config(written)):
        says = [finding for finding in check_splits(splits).findings
                if 'pseudo-labels' in finding.what]
        said, = [finding.what for finding in says]
        assert said.startswith(
            '2 masks of the train part are pseudo-labels by a.pth, round 1, '
            'threshold 0.6')
        # those that are lower, by --per-class
        assert said.endswith(''.join(
            f', of {name} {least:.2f}'
            for name, least in zip('ABC', mark.thresholds)
            if least is not None and least < 0.6) + '.')

    # the next round goes on from the source alone
    printed = job(written, 'second', per_class=.4).run()
    assert 'Round 2' in printed
    again = load_config(str(tmp_path / 'second/train_on_both.py'))
    assert [one.data_root for one in again.train_dataloader.dataset.datasets
            ] == [cfg.train_dataloader.dataset.data_root,
                  str(tmp_path / 'second')]


def test_interrupted(job, tmp_path, monkeypatch):
    whole = tmp_path / 'whole'
    job(out='whole').run()
    look, seen = module._look, []

    def interrupted(model, image):
        seen.append(image)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return look(model, image)

    monkeypatch.setattr(module, '_look', interrupted)
    with pytest.raises(KeyboardInterrupt):
        job().run()
    out = tmp_path / 'out'
    assert not (out / 'masks').exists()
    job().run()
    assert len(seen) == 3  # the first was not predicted again
    for kind in ('masks', 'images', 'confidences'):
        assert files_of(out / kind) == files_of(whole / kind)
    assert rows_of(out) == rows_of(whole)
    # within the masks: those that are written stay, one may have no row
    table = (out / 'confidence.csv').read_text().splitlines(keepends=True)
    (out / 'confidence.csv').write_text(table[0])
    (out / 'masks/train/deep/b.png').unlink()
    job().run()
    assert files_of(out / 'masks') == files_of(whole / 'masks')
    with claimed_folder(out), pytest.raises(BlockingIOError):
        job().run()


def test_images_that_went(job, images, tmp_path):
    job().run()
    (images / 'a.png').unlink()
    with pytest.raises(ValueError, match='1 image no longer there'):
        job().run()
    job().run(overwrite=True)
    assert not [path for path in (tmp_path / 'out').rglob('*')
                if path.stem == 'a']
    assert list(rows_of(tmp_path / 'out')) == ['deep/b']


def test_warnings(job, cfg, weights, images, sem_root, tmp_path):
    source = next((sem_root / 'images/train').iterdir())
    shutil.copy(source, images / 'leak.png')
    last = tmp_path / 'last'
    last.mkdir()
    PseudoLabels('a.pth', '', '', 3, .9, .5, ['A', 'B', 'C'], [.9] * 3,
                 [100] * 3, [40] * 3).write(last)
    unsure = tmp_path / 'unsure.pth'
    state = torch.load(weights)
    state['state_dict']['decode_head.conv_seg.weight'] *= 1e-3
    state['state_dict']['decode_head.conv_seg.bias'][:] = (
        torch.tensor([0., 0., -1e4]))
    torch.save(state, unsure)
    printed = PseudoLabelJob(
        cfg, str(unsure), images, tmp_path / 'out', previous=last).run()
    assert 'Round 4' in printed
    assert 'C is predicted at none of 36864 pixels' in printed
    assert ('C fell to no pseudo-label: round 3 had 40 of 100 pixels that '
            'were predicted as it, round 4 has 0 of 0') in printed
    assert '1 image is also in the train/test part of the config: leak' in (
        printed)
    # the threshold alone would have erased a class
    mark = PseudoLabels.read(tmp_path / 'out')
    assert sum(mark.pixels) == 36864 and not mark.pixels[2]
    for name, pixels, kept in zip('AB', mark.pixels, mark.kept):
        says = f'No pixel of {name} reaches 0.9: the highest of {pixels} is'
        assert (says in printed) == (kept > 0) == (pixels > 0)


def test_depth_and_colours(job, images):
    for name in ('a', 'deep/b'):
        path = str(images / f'{name}.png')
        grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(path, grey.astype(np.uint16) * 16)
    with pytest.raises(ValueError, match='2 of 2 images have 16 bits'):
        job().run()
    job(bit_depth=12).run()
    for out, change in (('grey', [0, 0, 0]), ('colours', [0, 20, 40])):
        for name in ('a', 'deep/b'):
            path = str(images / f'{name}.png')
            cv2.imwrite(path, cv2.imread(path) // 2 + np.uint8(change))
        # grey levels in three channels are the same picture
        assert ('2 of 2 images are stored in colours, such as' in job(
            out=out).run()) == (out == 'colours')


def test_brightness_outside_the_training_is_said(cfg, weights, images,
                                                 tmp_path):
    known = IntensityCollector()
    known.add(np.uint8([[[240] * 3, [255] * 3]]))
    told = tmp_path / 'told.pth'
    torch.save(dict(torch.load(weights), meta=dict(
        intensity=known.statistics().record())), told)
    job = PseudoLabelJob(cfg, str(told), images, tmp_path / 'out',
                         tta='none', crop_bottom='auto')
    printed = job.run()
    assert '2 of 2 images lie outside' in printed
    assert '--crop-bottom auto' in next(
        line for line in printed.splitlines() if '--out' in line)


@pytest.mark.parametrize(('arguments', 'found'), [
    (dict(threshold=0.0), 'threshold=0.0: must be above 0'),
    (dict(threshold=1.0), 'and below 1'),
    (dict(per_class=-.1), 'per_class=-0.1: must be from 0 to 1'),
    (dict(per_class=1.1), 'from 0 to 1'),
    (dict(tta='all'), "tta='all'"),
    (dict(out='scans'), 'is in .*scans, a folder of data'),
    (dict(out='scans/labels'), 'is in .*scans, a folder of data'),
])
def test_mistakes_are_sentences(job, arguments, found):
    with pytest.raises(ValueError, match=found):
        job(**arguments).run()


def test_other_mistakes_are_sentences(job, cfg, weights, sem_root, images,
                                      tmp_path):
    for out in ('masks/train', 'masks/train/new', 'new', ''):
        with pytest.raises(ValueError, match='a folder of data'):
            job(out=sem_root / out).run()
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/mask.png').touch()
    with pytest.raises(FileExistsError, match="not this tool's"):
        job(out='mine').run()
    empty = tmp_path / 'empty'
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match='No image in'):
        PseudoLabelJob(cfg, weights, empty, tmp_path / 'out').run()
    alone = Config(dict(test_dataloader=cfg.test_dataloader, model=cfg.model))
    with pytest.raises(ValueError, match='nothing to train on beside'):
        job(alone)
    single = tiny_config(num_classes=1, out_channels=1)
    single.train_dataloader = cfg.train_dataloader.copy()
    single.test_dataloader.dataset.metainfo = dict(classes=('A', ))
    path = write_weights(single, tmp_path / 'single.pth')
    with pytest.raises(ValueError, match="The model has one class, 'A'"):
        PseudoLabelJob(single, path, images, tmp_path / 'out').run()
    with pytest.raises(FileNotFoundError, match='no folder of pseudo-labels'):
        job(previous=empty).run()
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(('name', 'data', 'number'), [
    ('ksdd2/unet_ksdd2.py', 'ksdd2_like', 8),
    ('mvtec_ad/unet_c16_mvtec.py', 'mvtec_like', None)])
def test_sets_of_0_and_255(name, data, number, repository, request, tmp_path):
    """Their masks stay as they are, pseudo-labels are class ids."""
    root = request.getfixturevalue(data)
    path = str(repository / 'configs' / name)
    cfg = load_config(path, data_root=str(root), from_scratch=True)
    cfg.train_dataloader.dataset.val_ratio = 0.0
    if number is None:
        del cfg.train_dataloader.dataset['val_ratio']
    cfg.dump(tmp_path / 'base.py')
    for kind in ('images', 'masks'):
        (tmp_path / kind / 'train').mkdir(parents=True)
        for one, values in dict(no_defect=(0, 0, 255, 255),
                                some_defect=(0, 1, 255, 255)).items():
            cv2.imwrite(str(tmp_path / kind / f'train/{one}.png'), np.tile(
                np.uint8(values).repeat(16), (64, 1)))
    text, notes = both_config(
        cfg, './base.py', tmp_path / 'a.pth', tmp_path,
        ('background', 'defect'), [[0, 0, 0], [255, 0, 0]], None)
    (tmp_path / 'both.py').write_text(text)
    assert len(text.splitlines()) <= 60
    loader = load_config(str(tmp_path / 'both.py')).train_dataloader
    assert loader.sampler.type == 'InfiniteSampler'
    assert len(notes) == (number is not None)
    init_default_scope('mmseg')
    dataset = DATASETS.build(loader.dataset)
    for index in (0, -2, -1):
        labels = dataset[len(dataset) + index if index < 0 else 0][
            'data_samples'].gt_sem_seg.data
        assert set(np.unique(labels)) <= {0, 1, 255}
        assert (index == 0) != bool((labels == 255).any())
    check = check_splits(splits_of_config(dict(
        train_dataloader=dict(dataset=loader.dataset.datasets[1]))))
    assert not check.failed


def test_labels_of_an_adapted_model_train_as_they_are_predicted(
        cfg, tmp_path):
    step = dict(type='MatchIntensity', mean=[200, 210], std=[5, 9])
    adapted = cfg.copy()
    adapted.test_dataloader = dict(dataset=dict(pipeline=[step]))
    adapted.dump(tmp_path / 'base.py')
    text, _ = both_config(adapted, './base.py', tmp_path / 'a.pth', tmp_path,
                          'AB', [[0, 0, 0], [255, 0, 0]], None)
    (tmp_path / 'both.py').write_text(text)
    both = load_config(str(tmp_path / 'both.py'))
    source, labels = both.train_dataloader.dataset.datasets
    assert step not in source.pipeline
    assert [one for one in labels.pipeline if one != step] == source.pipeline
    place = labels.pipeline.index(step)
    assert labels.pipeline[place - 1]['type'].startswith('Load')
    assert not labels.pipeline[place + 1]['type'].startswith('Load')


def test_the_printed_commands(repository, cfg, weights, images, tmp_path):
    cfg.dump(tmp_path / 'tiny.py')
    tool = repository / 'tools/pseudo_label.py'
    text, code = run_tool(tool, 'tiny.py', weights, images, 'labels_1',
                          '--tta', 'none', cwd=tmp_path)
    assert code is None
    written = (tmp_path / 'labels_1/train_on_both.py').read_text()
    assert f'_base_ = {str(tmp_path / "tiny.py")!r}' in written
    train, _, further = text.splitlines()[-3:]
    assert train.endswith('labels_1/train_on_both.py --work-dir '
                          'work_dirs/labels_1_round_1')
    words = shlex.split(further)[2:]
    assert words[1].endswith('work_dirs/labels_1_round_1/iter_1.pth')
    words[1] = weights
    text, code = run_tool(tool, *words, cwd=tmp_path)
    assert code is None and 'Round 2' in text
    assert (tmp_path / 'labels_2/masks/train/a.png').is_file()
