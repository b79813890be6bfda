"""A cross-validation from the folds to the page, and what it refuses."""
import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS
from tiny import tiny_quickstart

from mmseg_ext.benchmark.cross_validation import Measured, cross_validate
from mmseg_ext.benchmark.cross_validation.pool import read_pool
from mmseg_ext.benchmark.cross_validation.runs import (
    list_runs,
    settle_folds,
)
from mmseg_ext.benchmark.worker import point_here
from mmseg_ext.engine import load_config
from mmseg_ext.planning import read_folds


def config(repository, root, work_dir, **changes):
    path = repository / 'configs/sem/segformer_xattn_quickstart.py'
    cfg = tiny_quickstart(path, work_dir, root)
    cfg.merge_from_dict(changes)
    return cfg


@pytest.fixture(scope='module')
def done(repository, sem_root, tmp_path_factory, warm_python):
    """Two folds; the second fails at first: its list was broken."""
    here = tmp_path_factory.mktemp('folds')
    cfg = config(repository, sem_root, here / 'unused')
    root, lines = here / 'results', []
    pool = read_pool(cfg)
    folds, _ = settle_folds(root, pool, 2, None, 0, lambda *_: None)
    (root / 'cross_validation.json').write_text('{"config": "tiny.py"}')
    runs = list_runs(cfg, pool, folds, [0], root)
    broken, = (root / 'lists').glob('train_2_*')
    whole = broken.read_text()
    broken.write_text('nowhere\n')
    first = cross_validate(cfg, 'tiny.py', root, echo=lines.append)
    broken.write_text(whole)
    second = cross_validate(cfg, 'tiny.py', root, echo=lines.append)
    return root, cfg, pool, runs, (first, second), lines


@pytest.mark.slow
def test_a_failed_fold_is_told_and_stops_nothing(done):
    *_, runs, (first, second), lines = done
    assert [failure.what for failure in first.failures] == ['fold 2, seed 0']
    assert 'nowhere' in str(first.failures[0])
    assert 'Without fold 2' in first.notes[-1]
    assert first.summary is not None
    assert not second.failures and not any(
        'Without' in note for note in second.notes)
    assert '[1/2] fold 1, seed 0: finished already' in lines
    for run in runs:
        assert run.job.changes() == []


@pytest.mark.slow
def test_every_image_has_a_mask_of_a_model_new_to_it(done):
    root, _, pool, runs, (_, found), _ = done
    folds = read_folds(root / 'folds', pool.samples)
    assert folds.images == pool.names and len(pool.names) == 6
    confusion = np.zeros((3, 3), int)
    for name in pool.names:
        pred = cv2.imread(str(root / f'masks/seed_0/{name}.png'),
                          cv2.IMREAD_UNCHANGED)
        truth = pool.truth(name)
        np.add.at(confusion, (truth.ravel(), pred.ravel()), 1)
    both = confusion.diagonal()
    expected = 100 * both / (confusion.sum(0) + confusion.sum(1) - both)
    np.testing.assert_allclose(found.summary.iou[:3], expected)
    for run in runs:
        held = (run.job.cfg.test_dataloader.dataset.ann_file,
                run.job.cfg.train_dataloader.dataset.ann_file)
        lists = [set(Path(path).read_text().split()) for path in held]
        assert lists[0] == {*folds.lists[run.fold]}
        assert lists[0] | lists[1] == {*pool.names}
        assert not lists[0] & lists[1]


@pytest.mark.slow
def test_what_is_written(done):
    root, cfg, pool, _, (_, found), _ = done
    names = {path.name for path in root.iterdir()}
    assert {'report.html', 'summary.csv', 'images.csv', 'confusions.csv',
            'boundaries.csv', 'confusion.png', 'agreement.png', 'curves.png',
            'worst'} <= names
    page = (root / 'report.html').read_text()
    assert page.count('data:image/png') == 3  # confusion, agreement, curves
    assert page.count('data:image/jpeg') == 6  # the worst
    with open(root / 'summary.csv') as file:
        rows = list(csv.DictReader(file))
    assert [row['class'] for row in rows] == ['A', 'B', 'C', 'mean']
    measured = Measured.read(root)
    assert measured.confusion.sum() == sum(
        pool.truth(name).size for name in pool.names)
    assert 'boundary IoU (%)' in found.summary.text()
    (root / 'boundaries.csv').unlink()  # as folders were written before
    assert Measured.read(root).boundaries is None
    again = cross_validate(cfg, 'tiny.py', root, report_only=True,
                           echo=lambda line: None)
    assert again.summary == found.summary
    np.testing.assert_array_equal(Measured.read(root).boundaries,
                                  measured.boundaries)


@pytest.mark.slow
def test_edited_lists_do_not_mix_with_finished_runs(done):
    root, cfg, *_ = done
    lists = [root / f'folds/fold_{i}.txt' for i in (1, 2)]
    texts = [path.read_text() for path in lists]
    lines = texts[0].splitlines()
    lists[0].write_text('\n'.join(lines[:-1]))
    lists[1].write_text(texts[1] + lines[-1])
    try:
        with pytest.raises(ValueError, match='began with other settings'):
            cross_validate(cfg, 'tiny.py', root, echo=lambda line: None)
    finally:
        for path, text in zip(lists, texts):
            path.write_text(text)
    with pytest.raises(ValueError, match='has 2 lists and --folds is 3'):
        cross_validate(cfg, 'tiny.py', root, 3, echo=lambda line: None)
    with pytest.raises(ValueError, match=r'begun with tiny\.py'):
        cross_validate(cfg, 'other.py', root, echo=lambda line: None)


def test_no_fold_starts_without_a_target(repository, sem_root, tmp_path):
    cfg = config(repository, sem_root, tmp_path)
    loader = cfg.train_dataloader
    nowhere = str(tmp_path / 'nowhere')
    for target, error in ((None, 'no target: name the folder of images'),
                          (nowhere, 'There is no .*nowhere')):
        loader.dataset = dict(
            type='SourceTargetDataset', target=target, source=dict(
                loader.dataset.get('source') or loader.dataset))
        with pytest.raises((ValueError, FileNotFoundError), match=error):
            cross_validate(cfg, 'tiny.py', tmp_path / 'out', 2)
        assert not (tmp_path / 'out').exists()


def test_a_folder_that_was_moved_goes_on(repository, sem_root, tmp_path):
    cfg = config(repository, sem_root, tmp_path)
    pool = read_pool(cfg)
    roots = tmp_path / 'here', tmp_path / 'there/moved'

    def runs(root):
        folds, _ = settle_folds(root, pool, 2, None, 0, lambda *_: None)
        return list_runs(cfg, pool, folds, [0], root)

    for run in runs(roots[0]):
        run.job.begin()
    pointer = run.job.folder / 'work/last_checkpoint'
    pointer.parent.mkdir()
    (pointer.parent / 'iter_1.pth').touch()
    pointer.write_text(str(pointer.parent / 'iter_1.pth'))
    roots[1].parent.mkdir()
    roots[0].rename(roots[1])
    for run in runs(roots[1]):
        assert run.job.changes() == []
        run.job.begin()
        text = (run.job.folder / 'config.py').read_text()
        assert str(roots[1]) in text and str(roots[0]) not in text
    pointer = run.job.folder / 'work/last_checkpoint'
    point_here(pointer)
    assert pointer.read_text() == str(pointer.parent / 'iter_1.pth')
    # another list is no moved one
    path = run.job.cfg.train_dataloader.dataset.ann_file
    run.job.cfg.train_dataloader.dataset.ann_file = path.replace(
        'train_2', 'train_1')
    assert [change.split()[0] for change in run.job.changes()] == [
        'train_dataloader.dataset.ann_file']


def test_a_test_part_stays_out(repository, super1_like, tmp_path):
    cfg = config(repository, super1_like, tmp_path)
    pool = read_pool(cfg)
    assert {name.split('/')[0] for name in pool.names} == {'train', 'val'}
    assert pool.prefix == ('images', 'masks')


def test_lists_in_one_folder_are_pooled(metaldam_like, config_path):
    cfg = load_config(config_path('unet_c16_metaldam'),
                      data_root=str(metaldam_like), dataset_options={
                          'metainfo.classes': ('A', 'B', 'C')})
    pool = read_pool(cfg)
    assert len(pool.names) == 6 and pool.prefix == ('images', 'labels')


@pytest.fixture(params=['ksdd2', 'mvtec'])
def surfaces(request, config_path, ksdd2_like, mvtec_like):
    """Name of a layout and a config of it."""
    root = dict(ksdd2=ksdd2_like, mvtec=mvtec_like)[request.param]
    cfg = load_config(config_path(f'unet_c16_{request.param}'),
                      data_root=str(root))
    return request.param, cfg


def test_surfaces_are_dealt_out_by_their_defects(surfaces, tmp_path):
    _, cfg = surfaces
    pool = read_pool(cfg)
    folds, _ = settle_folds(tmp_path, pool, 2, None, 0, lambda *_: None)
    run = list_runs(cfg, pool, folds, [0], tmp_path)[0].job.cfg
    parts = {}
    for part in ('train', 'val', 'test'):
        section = dict(run[f'{part}_dataloader']['dataset'], pipeline=[])
        dataset = DATASETS.build(section)
        parts[part] = {dataset.get_data_info(i)['output_name']
                       for i in range(len(dataset))}
    assert parts['val'] == parts['test'] == {*folds.lists[0]}
    assert parts['train'] == {*folds.lists[1]}
    assert parts['train'] | parts['val'] == {*pool.names}
    tested = DATASETS.build(dict(cfg.test_dataloader.dataset, pipeline=[]))
    assert not {*pool.names} & {tested.get_data_info(i)['output_name']
                                for i in range(len(tested))}
    for names in folds.lists:  # defective ones in each
        assert any(pool.truth(image).any() for image in names)
        assert not all(pool.truth(image).any() for image in names)


def test_what_surfaces_look_like(surfaces):
    name, cfg = surfaces
    pool = read_pool(cfg)
    held, prints = pool.look(lambda *_: None)
    assert len(held) == len(prints) == len(pool.names)
    assert held[:, 0].all()  # background
    for image, classes in zip(pool.names, held):
        truth = pool.truth(image)
        assert truth.shape == pool.image(image).shape[:2]
        assert classes[1] == truth.any()
        if name == 'mvtec':  # a column for each type of each category
            assert classes[2:].sum() == 1
            assert classes[1] == ('/good/' not in image)


def test_data_sets_without_lists_are_refused(config_path):
    with pytest.raises(ValueError, match='reads CheckedCityscapesDataset: '
                       'folds need'):
        read_pool(load_config(config_path('bisenetv2_c16_cityscapes')))
    cfg = load_config(config_path('unet_c16_mvtec'))
    for part in ('train', 'val'):
        cfg[f'{part}_dataloader'].dataset.protocol = 'official'
    with pytest.raises(ValueError, match="protocol='official' trains on"):
        read_pool(cfg)


def test_parts_that_lie_apart_are_refused(repository, sem_root, tmp_path):
    cfg = config(repository, sem_root, tmp_path)
    masks = tmp_path / 'elsewhere'
    shutil.copytree(sem_root / 'masks/val', masks)
    cfg.val_dataloader.dataset.data_prefix = dict(
        img_path='images/val', seg_map_path=str(masks))
    with pytest.raises(ValueError, match='need a folder of all images'):
        read_pool(cfg)


def test_foreign_folders_are_left_alone(repository, sem_root, tmp_path):
    (tmp_path / 'mine.txt').write_text('mine')
    cfg = config(repository, sem_root, tmp_path / 'unused')
    with pytest.raises(FileExistsError, match='Nothing was written'):
        cross_validate(cfg, 'tiny.py', tmp_path, echo=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']


def test_what_is_kept_of_the_evaluation(repository, sem_root, tmp_path):
    """Nothing is chosen by the images that judge, and masks are written."""
    cfg = config(repository, sem_root, tmp_path, custom_hooks=[
        dict(type='EarlyStoppingHook', monitor='mIoU')])
    cfg.test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
    pool = read_pool(cfg)
    folds, _ = settle_folds(tmp_path, pool, 2, None, 0, lambda *_: None)
    run = list_runs(cfg, pool, folds, [3], tmp_path)[0]
    assert run.job.cfg.custom_hooks == []
    assert run.job.cfg.default_hooks.checkpoint.save_best is None
    assert [metric['type'] for metric in run.job.cfg.test_evaluator] == [
        'PerClassIoUMetric', 'IoUMetric']
    assert run.job.cfg.randomness.seed == 3
    assert run.title == 'fold 1, seed 3'
