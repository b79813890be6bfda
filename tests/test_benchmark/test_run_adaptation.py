"""Runs that adapt another one, or train on what it labels."""
import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS
from tiny import tiny_quickstart

from mmseg_ext.basics.pseudo_labels import PseudoLabels, find_marked
from mmseg_ext.benchmark.jobs import CONFIG, WEIGHTS
from mmseg_ext.benchmark.run_adaptation import adapt_run, label_run
from mmseg_ext.benchmark.run_config import read_run_config, write_own_config
from mmseg_ext.engine import load_trained


@pytest.fixture(scope='module')
def here(tmp_path_factory, config_path, sem_root):
    """Runs: one with weights, and others that start from it."""
    here = tmp_path_factory.mktemp('runs')
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          here / 'work', sem_root)
    cfg.model.backbone.init_cfg = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.randomness = dict(seed=1)
    cfg.pop('work_dir')
    target = dict(images=str(sem_root / 'images/val'))
    starts = dict(
        source={}, by_intensity=dict(adapted=dict(run='../source', **target)),
        by_norms=dict(adapted=dict(
            run='../source', method='batch-norm', crops=4, **target)),
        labelled=dict(pseudo_labels=dict(run='../by_intensity', **target)),
        again=dict(pseudo_labels=dict(
            run='../labelled', threshold=0.8, **target)))
    for name, start in starts.items():
        (here / name).mkdir()
        each = copy.deepcopy(cfg)
        each.update(start)
        each.dump(here / name / CONFIG)
    init_default_scope('mmseg')
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()),
               here / 'source' / WEIGHTS)
    return here


def weights(folder):
    return torch.load(folder / WEIGHTS, weights_only=False)['state_dict']


def matches(cfg):
    return [step for step in cfg.test_dataloader.dataset.pipeline
            if step['type'] == 'MatchIntensity']


@pytest.fixture(scope='module')
def by_intensity(here):
    assert adapt_run(here / 'by_intensity')
    return here / 'by_intensity'


def test_images_are_matched_in_the_test_alone(here, by_intensity):
    cfg = read_run_config(by_intensity)
    assert len(matches(cfg)) == 1
    assert adapt_run(by_intensity)  # again, after it was killed
    assert len(matches(read_run_config(by_intensity))) == 1
    before, after = weights(here / 'source'), weights(by_intensity)
    assert all(torch.equal(before[key], after[key]) for key in before)
    load_trained(cfg, str(by_intensity / WEIGHTS))
    assert {path.name for path in by_intensity.iterdir()} == {
        CONFIG, WEIGHTS, 'model.py'}


def test_statistics_of_batch_norms_are_others(here):
    folder = here / 'by_norms'
    assert adapt_run(folder)
    before, after = weights(here / 'source'), weights(folder)
    changed = {key.split('.')[-1] for key in before
               if not torch.equal(before[key], after[key])}
    assert {'running_mean', 'running_var'} <= changed
    assert changed <= {'running_mean', 'running_var', 'num_batches_tracked'}
    assert not matches(read_run_config(folder))


def test_what_is_trained_is_not_adapted(here):
    assert not adapt_run(here / 'source')
    label_run(here / 'source')
    assert [path.name for path in (here / 'source').glob('*_labels')] == []


def test_it_trains_on_what_an_adapted_model_labels(here, by_intensity):
    folder = here / 'labelled'
    assert read_run_config(folder).train_dataloader.dataset.type != (
        'ConcatDataset')
    label_run(folder)
    written = Config.fromfile(folder / 'pseudo_labels/config.py')
    assert len(matches(written)) == 1  # labelled as that model sees images
    cfg = read_run_config(folder)
    assert not matches(cfg)
    assert cfg.load_from == str(by_intensity / WEIGHTS)
    data = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(data) == 4 + 2  # of the source, and of the target
    masks = [data.get_data_info(i)['seg_map_path'] for i in (4, 5)]
    assert all(find_marked(mask) == folder / 'pseudo_labels'
               for mask in masks)
    # the other folder, wherever both are
    write_own_config(folder)
    assert 'by_intensity' in Config.fromfile(folder / 'model.py').load_from
    # a second round knows of the first
    torch.save(torch.load(by_intensity / WEIGHTS, weights_only=False),
               folder / WEIGHTS)
    label_run(here / 'again')
    assert PseudoLabels.read(here / 'again/pseudo_labels').round == 2
    written = folder / 'pseudo_labels/train_on_both.py'
    begun = written.stat().st_mtime_ns
    label_run(folder)
    assert written.stat().st_mtime_ns == begun
