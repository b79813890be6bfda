"""The folder of a run, and the config that it trains and predicts with."""
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from .jobs import CONFIG, WEIGHTS, WORK_DIR

PRUNED = 'pruned'


def widths_file(folder: Path) -> Path:
    """Return where a run has the widths of its model, if it was pruned."""
    return folder / PRUNED / 'widths.json'


def read_run_config(folder: Path) -> Config:
    """Read a run's config, with the runs that it starts from in place.

    Args:
        folder: Of a run, finished or not.
    """
    cfg = Config.fromfile(folder / CONFIG)
    cfg.work_dir = str(folder / WORK_DIR)
    teacher = cfg.pop('teacher_run', None)
    if teacher is not None:
        teacher = (folder / teacher).resolve()
        cfg.model.teacher = dict(
            config=str(teacher / CONFIG), checkpoint=str(teacher / WEIGHTS))
    pruned = cfg.pop('pruned', None)
    if pruned is not None:
        start = (folder / pruned.run).resolve()
        if pruned.get('ratio'):
            start = folder.resolve() / PRUNED
            cfg.model.widths = str(widths_file(folder.resolve()))
        cfg.load_from = str(start / WEIGHTS)
    return cfg


def prune_run(folder: Path) -> None:
    """Prune the run that another one starts from, unless that is done.

    Args:
        folder: Of the other one, into which the pruned model goes.
    """
    cfg = Config.fromfile(folder / CONFIG)
    settings: Optional[dict] = cfg.get('pruned')
    if settings is None or not settings.get('ratio'):
        return
    # not above: it measures by this room's means
    from mmseg_ext.compression.pruning import PruningSettings, prune_model
    from mmseg_ext.compression.pruning.prune import FILES
    out = folder / PRUNED
    if (out / FILES[-1]).is_file():
        return
    # other crops for each seed, and another choice at random
    settings = dict(settings, seed=cfg.get('randomness', {}).get('seed') or 0)
    start = (folder / settings.pop('run')).resolve()
    prune_model(read_run_config(start), str(start / WEIGHTS), str(out),
                PruningSettings(**settings), plain=False, overwrite=True)
