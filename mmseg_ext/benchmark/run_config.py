"""The folder of a run, and the config that it trains and predicts with."""
from collections.abc import Callable
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.config_files import HERE
from mmseg_ext.compression.pruning import PruningSettings, prune_model
from mmseg_ext.compression.pruning.prune import FILES
from mmseg_ext.labeling.pseudo_label_store import CONFIG as BOTH

from .jobs import CONFIG, WEIGHTS, WORK_DIR

PRUNED, ADAPTED, LABELS = 'pruned', 'adapted', 'pseudo_labels'
OTHERS = ('teacher_run', PRUNED, ADAPTED, LABELS)  # in a run's config
OWN = 'model.py'


def widths_file(folder: Path) -> Path:
    """Return where a run has the widths of its model, if it was pruned."""
    return folder / PRUNED / 'widths.json'


def read_run_config(folder: Path) -> Config:
    """Read a run's config, with the runs that it starts from in place.

    Args:
        folder: Of a run, finished or not.
    """
    cfg = Config.fromfile(folder / CONFIG)
    if ADAPTED in cfg and (folder / OWN).is_file():
        cfg = Config.fromfile(folder / OWN)
    cfg.work_dir = str(folder / WORK_DIR)
    cfg.merge_from_dict(_from_others(
        cfg, lambda path: str((folder / path).resolve())))
    if LABELS in cfg and (folder / LABELS / BOTH).is_file():
        cfg.train_dataloader = _with_labels(folder / LABELS)
    for name in OTHERS:
        cfg.pop(name, None)
    return cfg


def _with_labels(labels: Path) -> dict:
    """Return the loader that ``tools/pseudo_label.py`` has written."""
    loader = Config.fromfile(labels / BOTH).train_dataloader
    # the folder of all runs may be moved
    loader.dataset.datasets[-1].data_root = str(labels.resolve())
    return loader


def write_own_config(folder: Path) -> None:
    """Write ``model.py``, which all tools take with the run's weights.

    Its config.py is one only where it starts from no other run. The folder
    of all runs may be moved.

    Args:
        folder: Of the run.
    """
    values = _from_others(Config.fromfile(folder / CONFIG),
                          lambda path: f'{HERE}/{path}')
    if values:
        write_atomically(folder / OWN, '\n'.join([
            '# The model of weights.pth; config.py says what was asked for.',
            f"_base_ = './{CONFIG}'", Config(values).pretty_text]))


def _from_others(cfg: Config, locate: Callable[[str], str]) -> dict:
    """Return what follows from the runs that a run starts from.

    Args:
        cfg: Of the run, as it lies in its folder.
        locate: Writes a path that is relative to that folder.
    """
    values, model = {}, {}
    teacher = cfg.get('teacher_run')
    if teacher is not None:
        model['teacher'] = {
            key: locate(f'{teacher}/{file}') for key, file in (
                ('config', CONFIG), ('checkpoint', WEIGHTS))}
        if 'teacher' in cfg.model:  # None, most often
            model['teacher']['_delete_'] = True
    pruned = cfg.get('pruned')
    if pruned is not None:
        start = pruned.run
        if pruned.get('ratio'):
            start = PRUNED
            model['widths'] = locate(widths_file(Path()).as_posix())
        values['load_from'] = locate(f'{start}/{WEIGHTS}')
    if LABELS in cfg:
        values['load_from'] = locate(f'{cfg[LABELS].run}/{WEIGHTS}')
    if model:
        values['model'] = model
    return values


def prune_run(folder: Path) -> None:
    """Prune the run that another one starts from, unless that is done.

    Args:
        folder: Of the other one, into which the pruned model goes.
    """
    cfg = Config.fromfile(folder / CONFIG)
    settings: Optional[dict] = cfg.get('pruned')
    if settings is None or not settings.get('ratio'):
        return
    out = folder / PRUNED
    if (out / FILES[-1]).is_file():
        return
    # other crops for each seed, and another choice at random
    settings = dict(settings, seed=cfg.get('randomness', {}).get('seed') or 0)
    start = (folder / settings.pop('run')).resolve()
    prune_model(read_run_config(start), str(start / WEIGHTS), str(out),
                PruningSettings(**settings), plain=False, overwrite=True)
