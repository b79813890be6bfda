"""The config of a row's runs: read, or planned for the suite's data."""
import copy
import time
from functools import lru_cache
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics import FileLock
from mmseg_ext.engine import load_config
from mmseg_ext.engine.narrowing import narrow_model
from mmseg_ext.engine.pretrained import remove_pretrained
from mmseg_ext.planning import Plan, Wishes, make_plan

from .row_options import Row
from .suite import Suite


def row_config(suite: Suite, row: Row, work_dir: Path,
               validated: bool = False) -> Config:
    """Make the config of a row's runs, but for the seed.

    The suite's changes to the row's config, then the row's own, then what
    holds for every run: no validation on the way, so that nothing is chosen
    by the numbers that are reported, and two checkpoints, of which one is
    whole at any moment.

    Args:
        suite: Whose row it is.
        row: Its config is read, or planned from the suite's data.
        work_dir: Folder of the folders of runs, where a plan is kept.
        validated: Leave validation in, for its images.
    """
    cfg = _read_config(suite, row, work_dir)
    cfg.merge_from_dict(copy.deepcopy(row.cfg_options))
    if row.target is not None:
        _set_target(cfg, str(Path(suite.data_root, row.target)))
    if not validated:
        leave_out_validation(cfg)
    cfg.merge_from_dict({
        'default_hooks.checkpoint.save_best': None,
        'default_hooks.checkpoint.max_keep_ckpts': 2
    })
    cfg.pop('work_dir')  # the folder's own, wherever that is
    if row.teacher is not None:
        cfg.model.pop('teacher', None)  # the run of its seed
    if row.pruned is not None:
        cfg.load_from = None  # that run, too
        (narrow_model if row.pruned.settings else remove_pretrained)(cfg)
    if row.adapted is not None or row.pseudo_labels is not None:
        cfg.load_from = None
        remove_pretrained(cfg)
    # as the run will read it: what is no text fails now, not there
    return Config.fromstring(cfg.pretty_text, '.py')


def _set_target(cfg: Config, folder: str) -> None:
    dataset = cfg.train_dataloader.dataset
    if dataset.type != 'SourceTargetDataset':
        raise ValueError(f'it has a target, and trains on a {dataset.type}: '
                         'take a config with a SourceTargetDataset')
    dataset.target = folder


def leave_out_validation(cfg: Config) -> None:
    """Take validation out of a config, in place."""
    cfg.merge_from_dict(
        dict(val_cfg=None, val_dataloader=None, val_evaluator=None))


def _read_config(suite: Suite, row: Row, work_dir: Path) -> Config:
    """Read a row's config, or plan it for the suite's data.

    The same data give the same plan. Other data give another one, which the
    runs that began by the earlier one then do not fit.
    """
    changes = dict(
        cfg_options=copy.deepcopy(suite.cfg_options),
        data_root=suite.data_root,
        from_scratch=suite.from_scratch)
    if row.plan is None:
        return load_config(row.config, **changes)
    asked = dict(row.plan)
    classes = asked.pop('classes', None)
    plan = _plan_once(
        suite.data_root, work_dir / suite.runs / row.name / 'plan',
        classes and tuple(classes),
        # no choice depends on the number of steps, which is the suite's
        Wishes(steps=1, **asked))
    return load_config(str(plan.config), **changes)


@lru_cache
def _plan_once(data_root: str, out: Path, classes: Optional[tuple[str, ...]],
               wishes: Wishes) -> Plan:
    """Plan for a row; once in a process, which reads its config often."""
    out.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.with_name('plan.lock'))
    while not lock.acquire():  # another process plans the same
        time.sleep(0.1)
    try:
        return make_plan(data_root, out, wishes, classes=classes,
                         overwrite=True)
    finally:
        lock.release()
