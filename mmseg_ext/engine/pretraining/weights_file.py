"""What a pretraining is for: a file of weights, and the lines that use it."""
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config
from torch import nn

from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.files import read_bytes
from mmseg_ext.basics.image_files import open_image
from mmseg_ext.basics.staging import staged_file
from mmseg_ext.engine.weights.mapping import check_finite
from mmseg_ext.version import __version__


def read_images(files: Sequence[str],
                show: Callable[[int, int], None]) -> str:
    """Look at the headers of images, and return a number for all of them.

    Args:
        files: Their paths.
        show: Called with the number that are read, and of all.

    Returns:
        SHA-256 of the images' own, in the order of these: the same images
        have the same, whatever their names.

    Raises:
        OSError: If one cannot be opened.
        ValueError: If one is no image.
    """
    digests = []
    for number, file in enumerate(files, 1):
        data = read_bytes(file)
        open_image(data, file)
        digests.append(hashlib.sha256(data).hexdigest())
        show(number, len(files))
    return hashlib.sha256('\n'.join(sorted(digests)).encode()).hexdigest()


def write_weights(backbone: nn.Module, out: Path, meta: dict,
                  overwrite: bool = False) -> None:
    """Write a backbone's weights as ``init_cfg`` takes them.

    Args:
        backbone: It alone.
        out: Path of the file.
        meta: What is known of them, in plain values.
        overwrite: Replace a file.

    Raises:
        FileExistsError: If there is such a file.
        WeightsError: If a weight is no number.
    """
    state = {name: value.detach().cpu()
             for name, value in backbone.state_dict().items()}
    check_finite(state)
    made = dict(mmseg_ext_version=__version__,
                time=datetime.now().astimezone().isoformat(
                    timespec='seconds'))
    with staged_file(out, overwrite) as new:
        torch.save(dict(meta={**meta, **made}, state_dict=state), new)


def config_lines(cfg: Config, out: str) -> list[str]:
    """Return the lines of a config that starts from the weights.

    Args:
        cfg: Whose backbone learned.
        out: File of the weights.

    Returns:
        None at all if it starts from them already.
    """
    if _starts_from(cfg, out):
        return []
    model = cfg.model
    lines = ['model = dict(']
    if model.get('pretrained'):
        lines.append('    pretrained=None,')
    place, section = _own_section(cfg)
    start = '    ' + ''.join(f'{name}=dict(' for name in place[1:])
    if section.get('pretrained'):
        start += 'pretrained=None, '
    # what the config has there is another file's
    delete = '_delete_=True, ' * ('init_cfg' in section)
    return [*lines, f'{start}init_cfg=dict(',
            f"        {delete}type='Pretrained',",
            f'        checkpoint={out!r}))' + ')' * len(place[1:])]


def _own_section(cfg: Config) -> tuple[list[str], dict]:
    """Return where a backbone takes weights: that of PluginBackbone within.

    Returns:
        Keys from 'model' on, and the section.
    """
    place, section = ['model', 'backbone'], cfg.model.backbone
    while isinstance(section.get('backbone'), dict):
        place, section = [*place, 'backbone'], section.backbone
    return place, section


def _starts_from(cfg: Config, out: str) -> bool:
    return (_own_section(cfg)[1].get('init_cfg') or {}) == dict(
        type='Pretrained', checkpoint=out)


def train_command(cfg: Config, config: str, out: str) -> Optional[str]:
    """Return the command that trains a config from the weights.

    Args:
        cfg: Whose backbone learned.
        config: Its name, as it was given.
        out: File of the weights.

    Returns:
        None where options cannot say it, and the lines of a config have to.
    """
    train = f'{command_for("train")} '
    if _starts_from(cfg, out):
        return train + quote_command([config])
    place, section = _own_section(cfg)
    before = section.get('init_cfg', {})
    if (not isinstance(before, dict) or {*before} - {'type', 'checkpoint'}
            or cfg.model.get('pretrained') or section.get('pretrained')):
        return None
    place = '.'.join([*place, 'init_cfg'])
    return train + quote_command([
        config, '--cfg-options', f'{place}.type=Pretrained',
        f'{place}.checkpoint={out}'])
