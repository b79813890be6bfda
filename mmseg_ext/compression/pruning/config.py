"""The config that a pruned model is trained, tested and predicted with."""
import copy
import os
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config

from mmseg_ext.basics.config_files import HERE
from mmseg_ext.engine.narrowing import DISTILLED, narrow_model

STEPS = 0.5  # of the original's, for fine-tuning


def pruned_config(cfg: Config, base: str, folder: Path,
                  teacher: Optional[tuple[str, str]] = None) -> str:
    """Return the text of the config of a pruned model.

    Args:
        cfg: The original, with all options applied.
        base: Its file, as ``_base_`` takes it.
        folder: Where the config will lie.
        teacher: Config and checkpoint of the original, to learn from.
    """
    again = 'widths' in cfg.model
    narrow = Config(dict(model=copy.deepcopy(cfg.model.to_dict())))
    narrow_model(narrow)
    model = _difference(cfg.model.to_dict(), narrow.model.to_dict())
    model.update(type=narrow.model.type, widths=f'{HERE}/widths.json')
    if teacher is not None:
        model.update(
            type=DISTILLED,
            teacher=dict(zip(('config', 'checkpoint'),
                             (_from(folder, path) for path in teacher))),
            distill=dict(loss=dict(type='PixelDistillLoss'), alpha=0.5))
    values: dict[str, Any] = dict(model=model,
                                  load_from=f'{HERE}/weights.pth')
    if not again:  # or it is short already
        values.update(_fine_tuning(cfg))
    lines = ['# Written by tools/prune.py; report.md says what was removed.',
             f'_base_ = {base!r}', Config(values).pretty_text]
    return '\n'.join(lines)


def _difference(old: dict, new: dict) -> dict:
    found = {}
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old[key], dict):
            inner = _difference(old[key], value)
            if inner:
                found[key] = inner
        elif value != old[key]:
            found[key] = value
    return found


def _fine_tuning(cfg: Config) -> dict[str, Any]:
    """Return half of the steps.

    At the whole learning rate: at a tenth of it a U-Net of half the channels
    lost 12 to 17 points of mIoU more, see tools/README.md.
    """
    values: dict[str, Any] = {}
    loop = cfg.get('train_cfg') or {}
    values['train_cfg'] = {
        key: _half(loop[key]) for key in ('max_iters', 'max_epochs')
        if loop.get(key)}
    schedulers = cfg.get('param_scheduler')
    if isinstance(schedulers, (list, tuple)):
        values['param_scheduler'] = [
            dict(each.to_dict() if hasattr(each, 'to_dict') else each,
                 **{key: _half(each[key]) for key in ('begin', 'end', 'T_max')
                    if each.get(key)}) for each in schedulers]
    return {key: value for key, value in values.items() if value}


def _half(number: int) -> int:
    return max(int(number * STEPS), 1)


def _from(folder: Path, path: str) -> str:
    """Write a path so that it holds if all is moved together."""
    if '::' in path or '://' in path:
        return path
    try:
        relative = os.path.relpath(Path(path).expanduser(), folder)
    except ValueError:  # another drive of Windows
        return str(Path(path).resolve())
    return f'{HERE}/{Path(relative).as_posix()}'


def base_of(path: str, folder: Path) -> str:
    """Return a config as ``_base_`` of one in a folder names it."""
    if '::' in path:
        return path
    try:
        return Path(os.path.relpath(Path(path).expanduser(),
                                    folder)).as_posix()
    except ValueError:  # another drive of Windows
        return Path(path).resolve().as_posix()
