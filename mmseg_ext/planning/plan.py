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
from mmseg_ext.engine.pretrained import remove_pretrained

from .choices import Choice, choose, choose_model, predict_in_windows
from .config_text import micrograph_config
from .fingerprint import take_facts
from .models import MIT, Start, choose_start
from .parts import choose_parts, images_but_test
from .pretraining import UNLABELED, choose_pretraining, pretraining_options
from .source import Source, find_source
from .surfaces import (
    choose_for_surfaces,
    choose_surface_model,
    surface_config,
    surface_images,
    take_surface_facts,
    tested_images,
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
        images: Folder of images, or one where masks lie beside them.
        pretraining: Of the encoder, which comes first, as the config has
            it; None: there is none.
    """
    source: Source
    choices: list[Choice]
    config: Path
    test: bool
    images: str
    pretraining: Optional[dict] = None


@dataclass(frozen=True)
class Wishes:
    """What a user asks for; None: chosen.

    Attributes:
        minutes: For training and its validations, and a pretraining if
            there is one, on this machine.
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
    model = _wished_model(wishes)
    # refused before the images are read; those that are chosen without a
    # wish take the same encoders
    choose_start(model.value if model else 'unet', wishes.encoder,
                 _minutes(wishes))
    source = find_source(root, images, masks, classes)
    if source.kind == 'micrographs':
        draft = _plan_micrographs(source, wishes, out, progress('pairs'))
    else:
        draft = _plan_surfaces(source, wishes, out, progress('images'))
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
        pretraining=draft.pretraining,
        files=[config.name, *(f'{part}.txt' for part in draft.lists),
               *([UNLABELED] if draft.images else [])])
    for file in earlier:
        file.unlink(missing_ok=True)
    with staged(out, [*record['files'], RECORD]) as folder:
        _write(folder, draft, schedule, choices, config, str(out))
        (folder / RECORD).write_text(
            json.dumps(record, indent=1, ensure_ascii=False) + '\n',
            encoding='utf-8')
    return Plan(source, choices, config, draft.test, draft.shown,
                draft.pretraining)


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
        shown: Folder of images, or one where masks lie beside them.
        images: Paths of those of a pretraining.
        pretraining: Options of tools/pretrain.py; None: there is none.
        text: Schedule, choices and the folder of the lists -> the config.
    """
    choices: list[Choice]
    start: Start
    facts: dict
    lists: dict[str, list[str]]
    num_val: int
    test: bool
    shown: str
    images: list[str]
    pretraining: Optional[dict]
    text: Callable[[Schedule, list[Choice], str], str]


def _plan_micrographs(source: Source, wishes: Wishes, out: Path,
                      show: Show) -> _Draft:
    facts = take_facts(source, show)
    parts = choose_parts(source, facts, wishes.seed)
    model = _wished_model(wishes) or choose_model(facts)
    start = choose_start(model.value, wishes.encoder, _minutes(wishes))
    choices = choose(source, facts, parts, wishes.device)
    if start.windowed:
        choices = predict_in_windows(choices, facts)
    images = images_but_test(source, parts) if start.minutes else []
    pretraining = pretraining_options(start, images, out, wishes.seed,
                                      facts.reading)
    choices += [model, Choice('start', start.weights, start.reason),
                *choose_pretraining(start, images, 'test' in parts.of)]
    return _Draft(
        choices, start, facts.record(),
        {part: names for part, names in parts.lists.items() if names},
        parts.of.count('val'), 'test' in parts.of,
        osp.dirname(source.pairs[0].image), images, pretraining,
        lambda schedule, choices, folder: micrograph_config(
            source, facts, parts, start, choices, schedule, wishes.seed,
            folder, pretraining))


def _plan_surfaces(source: Source, wishes: Wishes, out: Path,
                   show: Show) -> _Draft:
    facts = take_surface_facts(source, wishes.seed, show)
    model = _wished_model(wishes) or choose_surface_model(facts)
    start = choose_start(model.value, wishes.encoder, _minutes(wishes))
    images = surface_images(source, wishes.seed) if start.minutes else []
    pretraining = pretraining_options(start, images, out, wishes.seed, {})
    choices = [*choose_for_surfaces(source, facts, wishes.device,
                                    start.windowed), model,
               Choice('start', start.weights, start.reason),
               *choose_pretraining(start, images, test=True)]
    return _Draft(
        choices, start, facts.record(), {},
        facts.clean['val'] + facts.defective['val'], True,
        tested_images(source, wishes.seed), images, pretraining,
        lambda schedule, choices, folder: surface_config(
            source, facts, start, choices, schedule, wishes.seed,
            wishes.device, pretraining))


def _wished_model(wishes: Wishes) -> Optional[Choice]:
    if wishes.model:
        return Choice('model', wishes.model, '--model')
    if wishes.encoder == MIT:
        return Choice('model', 'segformer', f'the one over --encoder {MIT}')
    return None


def _minutes(wishes: Wishes) -> Optional[float]:
    return None if wishes.steps else wishes.minutes


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
        cfg = Config.fromfile(path)
        if draft.pretraining:  # its weights are yet to be made
            remove_pretrained(cfg)
        timing = time_training(cfg, show)
    before = draft.start.minutes or 0
    try:
        return fill_minutes(wishes.minutes - before, timing, draft.num_val)
    except ValueError as error:
        if not before:
            raise
        raise ValueError(f'{error}, and half as many more for the '
                         'pretraining, or another --encoder') from error


def _write(folder: Path, draft: _Draft, schedule: Schedule,
           choices: list[Choice], config: Path, place: str) -> None:
    """Write config and lists to a folder that will be moved to a place."""
    if draft.lists:
        write_split(folder, draft.lists, overwrite=True)
    if draft.images:
        (folder / UNLABELED).write_text(
            ''.join(f'{osp.abspath(path)}\n' for path in draft.images),
            encoding='utf-8')
    # beside the config: plans of one folder may have the same name
    work_dir = osp.join(osp.abspath(place), config.stem)
    (folder / config.name).write_text(
        draft.text(schedule, choices, place)
        + f'work_dir = {work_dir!r}\n', encoding='utf-8')


def _identifier(source: Source) -> str:
    """Return a name for the config's file, from that of the folder."""
    name = '-'.join(source.options.get('categories', ())) or osp.basename(
        osp.abspath(source.root))
    return re.sub(r'\W+', '-', name).strip('-') or 'own'


def _ignore(done: int, total: int) -> None:
    pass
