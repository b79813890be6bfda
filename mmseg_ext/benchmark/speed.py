"""Time and memory of several models, side by side in one run."""
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Optional

import torch

from mmseg_ext.basics.arguments import check_at_least, check_choice
from mmseg_ext.basics.processor import own_cores
from mmseg_ext.engine import load_config

from .measure import MEGABYTE
from .speed_load import OtherLoad, is_loaded
from .speed_rivals import RIVALS, Source, missing, source_of
from .speed_worker import Setting, Worker, WorkerError

PASSES = dict(train='training step', infer='inference')


@dataclass(frozen=True)
class Variant:
    """A model of the comparison.

    Attributes:
        name: 'CONFIG', 'RIVAL:CONFIG' or, of a config with options,
            'NAME:CONFIG', without folder and suffix.
        source: What it is built from; None if it cannot be.
        reference: Name of the model that it is compared with.
        error: Why it cannot be built, '' if it can.
    """
    name: str
    source: Optional[Source]
    reference: str = ''
    error: str = ''


@dataclass
class Row:
    """What was measured of a model in one setting.

    Attributes:
        variant: The model.
        setting: How it was run.
        kind: 'train' or 'infer'.
        seconds: Of a step, the median of several, for each repeat.
        ratios: To the reference's in the same repeat.
        activations: Bytes that a step takes beyond what is there before it;
            None: not known.
        static: Bytes that are there before it.
        memory_ratio: ``activations``, to the reference's.
        others: Cores that other processes took meanwhile; nan: not known.
        loaded: Whether that is too much; None: not known.
        error: Why something of this is missing, '' if nothing is.
    """
    variant: Variant
    setting: Setting
    kind: str
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    activations: Optional[int] = None
    static: Optional[int] = None
    memory_ratio: Optional[float] = None
    others: float = float('nan')
    loaded: Optional[bool] = None
    error: str = ''


@dataclass
class SpeedRun:
    """A comparison, as far as it has come.

    Attributes:
        repeats: Rounds in which all models are timed in turn.
        seconds: Least time of a turn.
        variants: The models.
        remarks: What was found on the way.
        rows: What was measured, setting by setting.
        descriptions: Name -> ``parameters``, ``replaced``, ``flops``,
            ``uncounted``.
        machine: See :func:`describe_machine`.
    """
    repeats: int
    seconds: float
    variants: list[Variant] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    descriptions: dict[str, dict] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)


def _split(spec: str) -> tuple[str, str]:
    """'stock:CONFIG' -> ('stock', 'CONFIG'); 'CONFIG' -> ('', 'CONFIG')."""
    kind, colon, path = spec.partition(':')
    return (kind, path) if colon and kind in RIVALS else ('', spec)


def list_models(specs: Sequence[str],
                rivals: Sequence[str] = (),
                reference: Optional[str] = None,
                repeats: int = 7,
                seconds: float = 1.0,
                variants: Optional[Mapping[str, dict]] = None) -> SpeedRun:
    """Read configs and find the models to compare.

    Args:
        specs: Each 'CONFIG', or 'RIVAL:CONFIG' for the rival alone.
        rivals: Rivals of each 'CONFIG', names in ``RIVALS``: 'stock', the
            same model of mmseg's own modules; 'plain', that without its
            neck; 'hf' and 'smp', the SegFormer of its size of transformers
            and segmentation_models_pytorch.
        reference: A model's name, or a rival or variant: each config's own.
            None: the first model.
        repeats: Rounds in which all models are timed in turn, 1 or more.
        seconds: Least time of a turn.
        variants: Name -> values to replace, ``{'a.b': value}``: each
            'CONFIG' with them.

    Returns:
        The comparison, nothing measured yet. A model that another one
        equals is in it once.

    Raises:
        ValueError: If two configs have one name, a variant has a rival's,
            there is no such reference, or no repeat.
    """
    check_at_least(1, repeats=repeats)
    for rival in rivals:
        check_choice('rivals', rival, tuple(RIVALS))
    variants = variants or {}
    for name in variants:
        if name in RIVALS or ':' in name:
            raise ValueError(f'{name} cannot be the name of a variant: '
                             f'{", ".join(RIVALS)} are those of rivals, and '
                             'there is no colon in it')
    run = SpeedRun(repeats, seconds)
    found: dict[str, tuple[Optional[Source], str]] = {}
    same: dict[str, str] = {}  # name -> the model that it is
    groups: dict[str, list[str]] = {}  # config's name -> its models
    paths: dict[str, str] = {}
    for spec in specs:
        kind, path = _split(spec)
        stem = Path(path).stem
        if paths.setdefault(stem, path) != path:
            raise ValueError(f'{paths[stem]} and {path} have the same name: '
                             'rename one, rows are known by it')
        own = source_of(load_config(path, from_scratch=True))
        for rival in [kind] if kind else ['', *rivals, *variants]:
            name = f'{rival}:{stem}' if rival else stem
            if name in same:
                continue
            if rival in variants:
                source, error = source_of(load_config(
                    path, cfg_options=variants[rival],
                    from_scratch=True)), ''
            else:
                source, error = _source(own, rival)
            same[name] = next((other for other, (there, _) in found.items()
                               if source and source == there), name)
            groups.setdefault(stem, []).append(name)
            if same[name] == name:
                found[name] = source, error
            else:
                run.remarks.append(f'{name} is {same[name]}, measured once.')
    for name, options in variants.items():
        changes = ', '.join(f'{key}={value}' for key, value in options.items())
        run.remarks.append(f'`{name}:` is a config with {changes}.')
    for stem, names in groups.items():
        wanted = reference or next(iter(found))
        if wanted in RIVALS or wanted in variants:
            wanted = f'{wanted}:{stem}'
        if wanted not in same:
            raise ValueError(
                f'There is no {wanted} to be the reference; there are '
                f'{", ".join(same)}')
        run.variants += [
            Variant(name, found[name][0], same[wanted], found[name][1])
            for name in names if name in found
        ]
    return run


def _source(own: Source, rival: str) -> tuple[Optional[Source], str]:
    """Return what a model is built from, or why it cannot be."""
    try:
        source = RIVALS[rival](own) if rival else own
    except ValueError as error:
        return None, str(error)
    return source, missing(source)


def list_settings(size: Sequence[int],
                  batches: Sequence[int] = (1, ),
                  dtypes: Sequence[str] = ('float32', ),
                  compiled: bool = False,
                  channels_last: bool = False,
                  device: str = 'cpu',
                  threads: Optional[int] = None,
                  keeps_memory: bool = False) -> list[Setting]:
    """Combine all; what is True or False beside without it."""
    combined = product(batches, dtypes, range(1 + compiled),
                       range(1 + channels_last), range(1 + keeps_memory))
    return [
        Setting(tuple(size), batch, dtype, bool(by_compiler), bool(last),
                device, threads, bool(keeps))
        for batch, dtype, by_compiler, last, keeps in dict.fromkeys(combined)
    ]


def measure_models(run: SpeedRun,
                   settings: Sequence[Setting],
                   folder: Path,
                   kinds: Sequence[str] = tuple(PASSES),
                   echo: Callable[[str], None] = print) -> Iterator[SpeedRun]:
    """Measure all models in one setting after the other.

    Peak memory is measured in a process for each number. Then all models
    are built, each in a process that stays, and take turns, so that only one
    works at a time and a machine that slows down slows all of them. A model
    that fails is a row that says why, and does not stop the others.

    Args:
        run: What :func:`list_models` returns.
        settings: How the models are run.
        folder: New folder for what the processes print, ``log.txt``.
        kinds: 'train', 'infer' or both.
        echo: Called with each line of progress.

    Yields:
        ``run`` with the rows of one more setting.

    Raises:
        FileExistsError: If the folder exists and is not empty.
        ValueError: If a setting is impossible.
    """
    for setting in settings:
        _check(setting)
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f'{folder} is not empty: name a new folder, '
                              'nothing is overwritten')
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / 'log.txt'
    _watch_others(run, echo)
    for i, setting in enumerate(settings):
        label = f'[{i + 1}/{len(settings)}] {describe_setting(setting)}'
        rows = {(variant.name, kind): Row(variant, setting, kind,
                                          error=variant.error)
                for kind in kinds for variant in run.variants}
        for row in rows.values():
            if not row.error:
                _measure_memory(run, row, log)
            found = 'not known' if row.activations is None else (
                f'{row.activations / MEGABYTE:.0f} MB')
            echo(f'{label}: memory of {_label(row)}: {row.error or found}')
        _measure_time(run, setting, rows, log,
                      lambda text, label=label: echo(f'{label}: {text}'))
        for row in rows.values():
            reference = rows.get((row.variant.reference, row.kind))
            if reference is not None:
                _compare(row, reference)
        run.rows += rows.values()
        yield run


def _watch_others(run: SpeedRun, echo: Callable[[str], None]) -> None:
    """See what runs beside, before anything of ours does."""
    load = OtherLoad()
    time.sleep(1)
    watched, others = load.stop()
    taken = others / watched
    text = (f'Before the start other processes took {taken:.2f} of '
            f'{len(own_cores())} cores.')
    run.remarks.append(text)
    if is_loaded(taken, watched):
        echo(f'WARNING: {text} Times measured now are worth nothing: stop '
             'them first. Memory is not affected.')


def _check(setting: Setting) -> None:
    threads = 1 if setting.threads is None else setting.threads
    check_at_least(
        1,
        height=setting.size[0],
        width=setting.size[1],
        batch=setting.batch,
        threads=threads)
    if threads > len(own_cores()):
        raise ValueError(
            f'threads={threads}: this process may use {len(own_cores())} '
            'cores, and more threads than cores slow each other down')
    if setting.device == 'cuda' and not torch.cuda.is_available():
        raise ValueError('device=cuda: there is no GPU that this PyTorch '
                         'can use')


def describe_setting(setting: Setting) -> str:
    """Say what differs from run to run."""
    return ', '.join([
        f'batch {setting.batch}', setting.dtype,
        *['compiled'] * setting.compiled,
        *['channels last'] * setting.channels_last,
        *['freed memory kept'] * setting.keeps_memory
    ])


def _label(row: Row) -> str:
    return f'{row.variant.name}, {PASSES[row.kind]}'


def _measure_memory(run: SpeedRun, row: Row, log: Path) -> None:
    """Also describe the model, if that has not been done."""
    name = row.variant.name
    with Worker(row.variant.source, row.setting, log, True) as worker:
        try:
            memory = worker.ask('memory', training=row.kind == 'train')
        except WorkerError as error:
            row.error = str(error)
            return
        row.activations, row.static = memory['activations'], memory['static']
        if name in run.descriptions:
            return
        run.descriptions[name] = worker.ask('describe')
        run.machine.update(run.descriptions[name].pop('machine'))
        try:
            run.descriptions[name].update(worker.ask('count'))
        except WorkerError as error:  # it may run and not be traceable
            run.remarks.append(f'GFLOPs of {name} not counted: {error}')


def _measure_time(run: SpeedRun, setting: Setting, rows: dict, log: Path,
                  echo: Callable[[str], None]) -> None:
    with ExitStack() as stack:
        workers = {
            variant.name: stack.enter_context(
                Worker(variant.source, setting, log))
            for variant in run.variants if any(
                row.variant is variant and not row.error
                for row in rows.values())
        }
        for kind in dict.fromkeys(kind for _, kind in rows):
            turns = {
                name: rows[name, kind] for name in workers
                if not rows[name, kind].error}
            for name in [*turns]:
                echo(f'warming up {_label(turns[name])}')
                _ask(workers[name], turns, name, 'warm_up',
                     training=kind == 'train')
            watched = {name: [] for name in turns}
            for repeat in range(run.repeats):
                # there and back, for a drift to cancel
                for name in [*turns][::-1 if repeat % 2 else 1]:
                    answer = _ask(
                        workers[name], turns, name, 'time',
                        training=kind == 'train', at_least=run.seconds)
                    if answer is not None:
                        turns[name].seconds.append(answer['seconds'])
                        watched[name].append(answer)
                echo(f'{PASSES[kind]}, round {repeat + 1} of {run.repeats}: '
                     + ', '.join(f'{name} {1000 * row.seconds[-1]:.1f} ms'
                                 for name, row in turns.items()))
            for name, row in turns.items():
                _judge_load(row, watched[name])


def _ask(worker: Worker, turns: dict[str, Row], name: str, question: str,
         **arguments):
    """Ask a worker; if that fails, say so in its row and leave it out."""
    try:
        return worker.ask(question, **arguments)
    except WorkerError as error:
        turns.pop(name).error = str(error)
        return None


def _judge_load(row: Row, turns: list[dict]) -> None:
    clock = sum(turn['watched'] for turn in turns)
    row.others = sum(turn['others'] for turn in turns) / clock
    row.loaded = is_loaded(row.others,
                           min(turn['watched'] for turn in turns))


def _compare(row: Row, reference: Row) -> None:
    if row.seconds and len(row.seconds) == len(reference.seconds):
        row.ratios = [
            a / b for a, b in zip(row.seconds, reference.seconds)]
    if row.activations is not None and reference.activations:
        row.memory_ratio = row.activations / reference.activations
