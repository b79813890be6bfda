"""From a config and images without labels to weights of its backbone."""
import json
import os.path as osp
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics.files import write_atomically
from mmseg_ext.basics.staging import check_free
from mmseg_ext.datasets.unlabeled import group_images
from mmseg_ext.engine.budget import (
    Schedule,
    fill_minutes,
    take_steps,
    time_training,
)
from mmseg_ext.engine.launch import train
from mmseg_ext.engine.wrappers import unwrapped

from .config import VALIDATED, pretraining_config, read_student
from .settings import Settings
from .teacher import find_teacher
from .weights_file import (
    config_lines,
    read_images,
    train_command,
    write_weights,
)

Show = Callable[[int, int], None]
RECORD = 'pretraining.json'
LONG = 10**6  # steps, where a few are timed


@dataclass(frozen=True)
class Pretrained:
    """What has come of it.

    Attributes:
        out: File of the weights.
        meta: What it says of itself.
        lines: Lines of a config that starts from it.
        command: Trains from it; None if options cannot say that.
    """
    out: Path
    meta: dict
    lines: list[str]
    command: Optional[str]


def pretrain(settings: Settings,
             out: str,
             minutes: float = 20.0,
             steps: Optional[int] = None,
             resume: bool = False,
             overwrite: bool = False,
             work_dir: Optional[str] = None,
             progress: Callable[[str], Show] = lambda what: _ignore,
             command: Optional[str] = None) -> Pretrained:
    """Let a config's backbone learn the maps of a teacher.

    The same settings, images and number of steps give the same weights on a
    CPU, interrupted or not.

    Args:
        settings: What decides the result.
        out: File for the weights.
        minutes: So long, on this machine, which is timed.
        steps: So many steps, instead.
        resume: Go on from the newest checkpoint.
        overwrite: Replace a file ``out``.
        work_dir: Folder of logs, curves and checkpoints; None: beside
            ``out``, named after it.
        progress: Called with a kind of things; returns what is called with
            the number of those that are done, and of all.
        command: See :func:`~..launch.train`.

    Raises:
        FileExistsError: If there is such a file.
        FileNotFoundError: If config or images are not there.
        KeyboardInterrupt: If it is interrupted; its message says how to go
            on.
        ValueError: If the backbone returns no maps, an image cannot be
            read, the loss is no number, or a resumed pretraining was begun
            with other settings.
        WeightsError: If there is no such teacher.
    """
    path = Path(out)
    if path.is_dir():
        raise FileExistsError(f'{out} is a folder: name a file, such as '
                              f'{path / "weights.pth"}')
    check_free(path, overwrite)
    folder = Path(work_dir or f'{path.with_suffix("")}_pretraining')
    record = _read_record(folder, settings, steps) if resume else None
    cfg, backbone, normalization = read_student(settings.config)
    teacher = find_teacher(settings.teacher)
    groups = group_images(settings.images)
    files = [file for group in groups for file in group]
    digest = read_images(files, progress('images'))
    if record is not None:
        schedule = Schedule(record['steps'], record['interval'], '')
        if digest != record['images_sha256']:
            raise ValueError('--resume: the images are not those that the '
                             'pretraining was begun with. Begin anew without '
                             '--resume')

    def build(schedule: Schedule) -> Config:
        return pretraining_config(settings, teacher, backbone, normalization,
                                  groups, schedule, str(folder))

    if record is None:
        schedule = (take_steps(steps) if steps else fill_minutes(
            minutes, time_training(build(Schedule(LONG, LONG, '')),
                                   progress('trial steps')),
            min(len(files), VALIDATED)))
        # one that is killed at once goes on from nothing, not from that
        (folder / 'last_checkpoint').unlink(missing_ok=True)
        write_atomically(folder / RECORD, json.dumps(dict(
            settings=settings.record(), steps=schedule.steps,
            interval=schedule.interval, images_sha256=digest), indent=1)
            + '\n')
    model = unwrapped(train(
        build(schedule), resume, settings.amp, tool='pretrain',
        command=command).model)
    meta = dict(
        backbone=type(model.backbone).__name__,
        normalization=normalization,
        teacher=teacher.address,
        teacher_description=teacher.description,
        licence=f'learned from {teacher.description}, whose weights are: '
        f'{teacher.licence}; and from the images',
        images=len(files), images_sha256=digest,
        steps=schedule.steps, settings=settings.record())
    write_weights(model.backbone, path, meta, overwrite)
    place = osp.abspath(path)
    return Pretrained(path, meta, config_lines(cfg, place), train_command(
        cfg, settings.config, place))


def _read_record(folder: Path, settings: Settings,
                 steps: Optional[int]) -> dict:
    """Return how a pretraining was begun.

    Raises:
        FileNotFoundError: If none was.
        ValueError: If it was begun otherwise.
    """
    file = folder / RECORD
    if not file.is_file():
        raise FileNotFoundError(f'There is nothing to go on from in {folder}:'
                                ' begin without --resume')
    record = json.loads(file.read_text(encoding='utf-8'))
    settings.check_same(record['settings'])
    if steps is not None and take_steps(steps).steps != record['steps']:
        raise ValueError(f'--steps {steps} with --resume: it was begun with '
                         f'{record["steps"]}, by which the learning rate '
                         'falls. Leave --steps out, or begin anew')
    return record


def _ignore(done: int, total: int) -> None:
    pass
