"""Training steps of one model in several processes, against one process."""
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Optional

import torch

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.processor import own_cores
from mmseg_ext.basics.sections import sections
from mmseg_ext.engine import load_config

from .scaling_ranks import Plan, Ranks, label
from .speed_load import is_loaded
from .speed_rivals import source_of
from .speed_worker import Setting


@dataclass
class ScalingRow:
    """What was measured of one number of processes.

    Attributes:
        processes: How many.
        setting: Of each of them.
        seconds: Of a step, for each repeat: the median of several of the
            slowest process.
        ratios: Images per second, to one process's in the same repeat.
        others: Cores that other programs took meanwhile; nan: not known.
        loaded: Whether that is too much; None: not known.
    """
    processes: int
    setting: Setting
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    others: float = float('nan')
    loaded: Optional[bool] = None

    @property
    def images(self) -> int:
        """Images in a step of all processes."""
        return self.processes * self.setting.batch

    @property
    def efficiency(self) -> float:
        """In percent: 100 where what is added is used to the full.

        On GPUs each process adds one. On a CPU they share the same threads,
        and 100 is as many images per second as one process makes with all.
        """
        added = self.processes if self.setting.device == 'cuda' else 1
        return 100 * median(self.ratios) / added


@dataclass
class ScalingRun:
    """A comparison, as far as it has come.

    Attributes:
        config: Name of the config, without folder and suffix.
        plan: What is measured.
        strong: The batch in all is kept; else that of a process.
        timeout: Seconds without a report after which all are ended.
        rows: What was measured, one row a number of processes.
        machine: See :func:`describe_machine`.
        parameters: Of the model; their gradients are exchanged.
    """
    config: str
    plan: Plan
    strong: bool
    timeout: float
    rows: list[ScalingRow]
    machine: dict[str, str] = field(default_factory=dict)
    parameters: int = 0


def plan_scaling(config: str,
                 processes: Optional[Sequence[int]] = None,
                 size: Sequence[int] = (480, 480),
                 batch: int = 2,
                 strong: bool = False,
                 dtype: str = 'float32',
                 threads: Optional[int] = None,
                 device: str = 'cpu',
                 repeats: int = 7,
                 seconds: float = 1.0,
                 timeout: float = 1800.0) -> ScalingRun:
    """Read a config and divide batch and threads among the processes.

    Args:
        config: Config file.
        processes: Numbers of processes; 1, which the others are compared
            with, is always among them. None: 1 and 2 on a CPU, 1 to the
            number of GPUs otherwise.
        size: (height, width) of the image in pixels.
        batch: Images in a step of each process; with ``strong``, of all.
        strong: Divide the batch among the processes.
        dtype: 'float32', or 'bfloat16' for autocast.
        threads: Of all processes of a CPU together, divided evenly: more
            processes are given no more of the machine. None: as many as
            PyTorch takes, rounded down to what divides, one each at least.
        device: 'cpu' or 'cuda', where each process takes a GPU.
        repeats: Rounds in which all groups are timed in turn, 1 or more.
        seconds: Least time of a turn.
        timeout: Seconds without a report after which all are ended.

    Raises:
        ValueError: If batch or threads cannot be divided, there are not as
            many cores or GPUs, or the config wraps its model in another way
            than mmengine does by itself.
    """
    gpus = torch.cuda.device_count() if device == 'cuda' else 0
    if device == 'cuda' and not gpus:
        raise ValueError('device=cuda: there is no GPU that this PyTorch can '
                         'use')
    counts = sorted({1, *(processes or range(1, (gpus or 2) + 1))})
    check_at_least(
        1,
        processes=counts[0],
        height=size[0],
        width=size[1],
        batch=batch,
        repeats=repeats,
        timeout=timeout)
    if gpus and counts[-1] > gpus:
        raise ValueError(f'processes={counts[-1]}: each takes a GPU, and '
                         f'there are {gpus}')
    if not gpus:
        threads = _shared_threads(counts, threads)
    for count in counts if strong else ():
        if batch % count:
            raise ValueError(f'batch={batch}: cannot be divided evenly among '
                             f'{count} processes')
    cfg = load_config(config, from_scratch=True)
    if cfg.get('model_wrapper_cfg'):
        raise ValueError(f'{config} has a model_wrapper_cfg: only '
                         'mmengine\'s own wrapping is measured here')
    settings = {
        count: Setting(
            tuple(size), batch // count if strong else batch, dtype,
            device=device, threads=None if gpus else threads // count)
        for count in counts
    }
    sync_bn = any(section.get('type') == 'SyncBN'
                  for section in sections(cfg.model))
    plan = Plan(
        source_of(cfg), settings, repeats, seconds,
        cfg.get('find_unused_parameters', False), sync_bn)
    rows = [ScalingRow(*item) for item in settings.items()]
    return ScalingRun(Path(config).stem, plan, strong, timeout, rows)


def _shared_threads(counts: Sequence[int], threads: Optional[int]) -> int:
    """Return how many threads there are in all, which each count divides."""
    unit, cores = math.lcm(*counts), len(own_cores())
    if threads is None:
        threads = torch.get_num_threads() // unit * unit or unit
    if threads < 1 or threads % unit or threads > cores:
        raise ValueError(
            f'threads={threads}: must be a multiple of {unit}, for '
            f'{", ".join(map(str, counts))} processes to share them evenly, '
            f'and at most the {cores} cores that this process may use')
    return threads


def measure_scaling(run: ScalingRun,
                    folder: Path,
                    echo: Callable[[str], None] = print
                    ) -> Iterator[ScalingRun]:
    """Time all numbers of processes in turn, round by round.

    Args:
        run: What :func:`plan_scaling` returns.
        folder: New folder for what the processes print, ``log.txt``.
        echo: Called with each line of progress.

    Yields:
        ``run`` with the numbers of one more round.

    Raises:
        FileExistsError: If the folder exists and is not empty.
        WorkerError: If a process fails, ends, or all are silent for too
            long. The others are ended then.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f'{folder} is not empty: name a new folder, '
                              'nothing is overwritten')
    folder.mkdir(parents=True, exist_ok=True)
    rounds = []
    echo(f'starting {label(run.rows[-1].processes)}')
    with Ranks(run.plan, folder / 'log.txt') as ranks:
        while len(rounds) < run.plan.repeats:
            kind, content = ranks.receive(run.timeout)
            if kind == 'text':
                echo(content)
            elif kind == 'about':
                run.machine = content['machine']
                run.parameters = content['parameters']
            else:
                rounds.append(content)
                _add_round(run.rows, rounds)
                yield run


def _add_round(rows: Sequence[ScalingRow], rounds: Sequence[dict]) -> None:
    one = rows[0]
    for row in rows:
        turns = [turns[row.processes] for turns in rounds]
        row.seconds.append(turns[-1]['seconds'])
        row.ratios.append(row.images / row.seconds[-1]
                          / (one.images / one.seconds[-1]))
        watched = [turn['watched'] for turn in turns]
        row.others = sum(turn['others'] for turn in turns) / sum(watched)
        row.loaded = is_loaded(row.others, min(watched))
