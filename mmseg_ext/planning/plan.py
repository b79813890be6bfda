"""From a folder to a config, with a reason for each choice."""
import json
import os
import os.path as osp
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmengine.device import get_device

from mmseg_ext.basics.splits import write_split
from mmseg_ext.basics.staging import staged
from mmseg_ext.engine.budget import (
    Schedule,
    fill_minutes,
    take_steps,
    time_training,
)

from .choices import Choice, choose, choose_model, predict_in_windows
from .config_text import micrograph_config
from .fingerprint import take_facts
from .models import Start, choose_start
from .parts import choose_parts
from .source import Source, find_source
from .surfaces import (
    choose_for_surfaces,
    surface_config,
    take_surface_facts,
)

Show = Callable[[int, int], None]
RECORD = 'plan.json'


@dataclass(frozen=True)
class Plan:
    """What was decided, and where it stands.

    Attributes:
        source: The set.
        choices: The decisions, in the order of the config.
        config: Path of the config.
        test: Whether there is a test part.
    """
    source: Source
    choices: list[Choice]
    config: Path
    test: bool


@dataclass(frozen=True)
class Wishes:
    """What a user asks for; None: chosen.

    Attributes:
        minutes: For training and its validations, on this machine.
        steps: Steps of the optimizer, instead.
        model: See :data:`~.models.MODELS`.
        encoder: See :func:`~.models.choose_start`.
        device: 'cpu' or 'cuda'.
        seed: Of what is dealt out, and of the training.
    """
    minutes: Optional[float] = 30.0
    steps: Optional[int] = None
    model: Optional[str] = None
    encoder: Optional[str] = None
    device: str = 'cpu'
    seed: int = 0


def make_plan(root: str,
              out: str | os.PathLike,
              wishes: Wishes = Wishes(),
              images: Optional[str] = None,
              masks: Optional[str] = None,
              classes: Optional[Sequence[str]] = None,
              overwrite: bool = False,
              progress: Callable[[str], Show] = lambda what: _ignore) -> Plan:
    """Look at a folder and write a config that trains on it.

    The same folder, wishes and seed give the same plan, but for the number
    of steps that fit in some minutes.

    Args:
        root: Folder of images and masks, see :func:`~.source.find_source`.
        out: Folder for the config, ``plan.json`` and the lists of parts.
        wishes: What is asked for.
        images: Folder of the images in ``root``.
        masks: Folder of the masks in it.
        classes: Names of the classes by id.
        overwrite: Replace an earlier plan in ``out``.
        progress: Called with a kind of things; returns what is called with
            the number of those that are done, and of all.

    Raises:
        FileExistsError: If ``out`` holds a plan already.
        FileNotFoundError: If nothing known is found in ``root``.
        ValueError: If the data or the wishes cannot be planned for.
    """
    out = Path(out)
    earlier = _earlier_files(out, overwrite)
    source = find_source(root, images, masks, classes)
    if source.kind == 'micrographs':
        draft = _plan_micrographs(source, wishes, progress('pairs'))
    else:
        draft = _plan_surfaces(source, wishes, progress('images'))
    if wishes.steps:
        schedule = take_steps(wishes.steps)
    else:
        schedule = _time(draft, wishes, progress('trial steps'))
    choices = [*draft.choices, Choice('steps', schedule.steps,
                                      schedule.reason)]
    name = f'{draft.start.base.split("_")[0]}_{_identifier(source)}'
    config = out / f'{name}.py'
    record = dict(
        root=osp.abspath(source.root), kind=source.kind,
        wishes=asdict(wishes), facts=draft.facts,
        choices=[asdict(choice) for choice in choices],
        files=[config.name, *(f'{part}.txt' for part in draft.lists)])
    for file in earlier:
        file.unlink(missing_ok=True)
    with staged(out, [*record['files'], RECORD]) as folder:
        _write(folder, draft, schedule, choices, config, str(out))
        (folder / RECORD).write_text(
            json.dumps(record, indent=1, ensure_ascii=False) + '\n',
            encoding='utf-8')
    return Plan(source, choices, config, draft.test)


def _earlier_files(out: Path, overwrite: bool) -> list[Path]:
    """Return the files of an earlier plan that are to be replaced."""
    record = out / RECORD
    if not record.is_file():
        return []
    if not overwrite:
        raise FileExistsError(f'{out} holds a plan already. Replace it with '
                              '--overwrite, or choose another folder with '
                              '--out')
    names = json.loads(record.read_text(encoding='utf-8')).get('files', ())
    return [record, *(out / name for name in names)]


@dataclass(frozen=True)
class _Draft:
    """All but the schedule.

    Attributes:
        choices: What was decided.
        start: The model.
        facts: For plan.json.
        lists: Part -> names, where lists have to be written.
        num_val: Images of the validation part.
        test: Whether there is a test part.
        text: Schedule, choices and the folder of the lists -> the config.
    """
    choices: list[Choice]
    start: Start
    facts: dict
    lists: dict[str, list[str]]
    num_val: int
    test: bool
    text: Callable[[Schedule, list[Choice], str], str]


def _plan_micrographs(source: Source, wishes: Wishes, show: Show) -> _Draft:
    facts = take_facts(source, show)
    parts = choose_parts(source, facts, wishes.seed)
    model = (Choice('model', wishes.model, '--model') if wishes.model else
             choose_model(facts))
    start = choose_start(model.value, wishes.encoder)
    choices = choose(source, facts, parts, wishes.device)
    if start.windowed:
        choices = predict_in_windows(choices, facts)
    choices += [model, Choice('start', start.name, start.reason)]
    return _Draft(
        choices, start, facts.record(),
        {part: names for part, names in parts.lists.items() if names},
        parts.of.count('val'), 'test' in parts.of,
        lambda schedule, choices, folder: micrograph_config(
            source, facts, parts, start, choices, schedule, wishes.seed,
            folder))


def _plan_surfaces(source: Source, wishes: Wishes, show: Show) -> _Draft:
    facts = take_surface_facts(source, wishes.seed, show)
    model = (Choice('model', wishes.model, '--model') if wishes.model else
             Choice('model', 'unet', 'defects are small'))
    start = choose_start(model.value, wishes.encoder)
    choices = [*choose_for_surfaces(source, facts, wishes.device), model,
               Choice('start', start.name, start.reason)]
    return _Draft(
        choices, start, facts.record(), {},
        facts.clean['val'] + facts.defective['val'], True,
        lambda schedule, choices, folder: surface_config(
            source, facts, start, choices, schedule, wishes.seed,
            wishes.device))


def _time(draft: _Draft, wishes: Wishes, show: Show) -> Schedule:
    """Train a few steps by the plan, and see how many fit."""
    here = 'cpu' if get_device() == 'cpu' else 'cuda'
    if wishes.device != here:
        raise ValueError(
            f'--device {wishes.device}: what fits into minutes is timed, and '
            f'this machine trains on {here}. Plan there, or say --steps')
    with tempfile.TemporaryDirectory() as folder:
        trial = take_steps(1)
        path = Path(folder) / 'trial.py'
        _write(Path(folder), draft, trial, draft.choices, path, folder)
        timing = time_training(Config.fromfile(path), show)
    return fill_minutes(wishes.minutes, timing, draft.num_val)


def _write(folder: Path, draft: _Draft, schedule: Schedule,
           choices: list[Choice], config: Path, place: str) -> None:
    """Write config and lists to a folder that will be moved to a place."""
    if draft.lists:
        write_split(folder, draft.lists, overwrite=True)
    (folder / config.name).write_text(
        draft.text(schedule, choices, place), encoding='utf-8')


def _identifier(source: Source) -> str:
    """Return a name for the config's file, from that of the folder."""
    name = '-'.join(source.options.get('categories', ())) or osp.basename(
        osp.abspath(source.root))
    return re.sub(r'\W+', '-', name).strip('-') or 'own'


def _ignore(done: int, total: int) -> None:
    pass
