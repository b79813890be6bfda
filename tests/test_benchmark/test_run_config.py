"""The config of a run that starts from another one's weights."""
import copy
import shutil

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from tiny import tiny_quickstart

from mmseg_ext.benchmark.run_config import (
    WEIGHTS,
    prune_run,
    read_run_config,
    widths_file,
    write_own_config,
)
from mmseg_ext.engine import load_config, load_trained
from mmseg_ext.engine.narrowing import narrow_model

pytest.importorskip('torch_pruning', reason='needs the extra prune')


@pytest.fixture(scope='module')
def here(tmp_path_factory, config_path, sem_root):
    """Runs: one with weights, and two that start from it."""
    here = tmp_path_factory.mktemp('runs')
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          here / 'work', sem_root)
    cfg.model.backbone.init_cfg = None
    cfg.pop('work_dir')
    narrow, distilled = copy.deepcopy(cfg), copy.deepcopy(cfg)
    narrow_model(narrow)
    narrow.pruned = dict(run='../whole', ratio=0.5, round_to=4)
    distilled.pruned = dict(run='../whole')
    distilled.teacher_run = '../whole'
    distilled.model.update(type='DistillEncoderDecoder', teacher=None)
    for name, each in dict(whole=cfg, narrow=narrow, on=distilled).items():
        (here / name).mkdir()
        each.dump(here / name / 'config.py')
    init_default_scope('mmseg')
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()),
               here / 'whole' / WEIGHTS)
    return here


def test_it_is_pruned_once(here):
    folder = here / 'narrow'
    prune_run(folder)
    cfg = read_run_config(folder)
    assert cfg.load_from == str(folder / 'pruned' / WEIGHTS)
    narrow = load_trained(cfg, cfg.load_from)
    whole = load_trained(read_run_config(here / 'whole'),
                         str(here / 'whole' / WEIGHTS))
    first, second = (sum(p.numel() for p in model.parameters())
                     for model in (whole, narrow))
    assert second < first
    before = widths_file(folder).stat().st_mtime_ns
    prune_run(folder)
    assert widths_file(folder).stat().st_mtime_ns == before


def test_its_own_config_is_one_that_all_tools_take(here, tmp_path):
    moved = tmp_path / 'moved'
    shutil.copytree(here, moved)
    for name in ('whole', 'narrow', 'on'):
        prune_run(moved / name)
        write_own_config(moved / name)
    assert not (moved / 'whole/model.py').exists()
    shutil.move(moved, tmp_path / 'again')
    again = tmp_path / 'again'
    cfg = load_config(str(again / 'narrow/model.py'))
    assert cfg.load_from == f'{again}/narrow/pruned/{WEIGHTS}'
    load_trained(cfg, cfg.load_from)  # refuses others than the narrow ones
    cfg = load_config(str(again / 'on/model.py'))
    teacher = cfg.model.teacher
    assert teacher.to_dict() == dict(
        config=f'{again}/on/../whole/config.py',
        checkpoint=f'{again}/on/../whole/{WEIGHTS}')
    assert cfg.load_from == teacher.checkpoint
    load_trained(cfg, cfg.load_from)


def test_it_may_train_on_as_it_is(here):
    folder = here / 'on'
    prune_run(folder)
    assert not (folder / 'pruned').exists()
    cfg = read_run_config(folder)
    assert cfg.load_from == str(here / 'whole' / WEIGHTS)
    assert cfg.model.teacher.checkpoint == cfg.load_from
    assert 'widths' not in cfg.model
    assert not {'pruned', 'teacher_run'} & {*cfg}
