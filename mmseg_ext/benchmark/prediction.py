"""Throughput of tools/predict.py, by numbers of processes and of images."""
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from statistics import median
from typing import Optional

import torch

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.executors import Command
from mmseg_ext.basics.pixel_size import side_files
from mmseg_ext.basics.printable import counted

from .machine import describe_machine
from .process_tree import PeakMemory
from .speed_load import OtherLoad, is_loaded

# set by what is measured
OWN_OPTIONS = ('--out', '--processes', '--scheduler', '--overwrite')
LAST_WORDS = 8  # lines


@dataclass
class PredictionRow:
    """What was measured of a number of images in a number of processes.

    Attributes:
        images: How many.
        processes: How many predict.
        seconds: Of each repeat, from the start of the command to its end.
        ratios: Images per second, to the fewest processes' in the same
            repeat.
        work: Seconds of processor time of each repeat.
        memory: Most bytes that all processes held at once, in any repeat,
            seen five times a second; 0: not known.
        watched: Of each repeat, see :meth:`OtherLoad.stop`.
    """
    images: int
    processes: int
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    memory: int = 0
    watched: list[tuple[float, float]] = field(default_factory=list)

    @property
    def others(self) -> float:
        """Cores that other programs took meanwhile; nan: not known."""
        clocks, others = zip(*self.watched)
        return sum(others) / sum(clocks)

    @property
    def loaded(self) -> Optional[bool]:
        """Whether that is too much; None: not known."""
        return is_loaded(self.others, min(clock for clock, _ in self.watched))

    @property
    def rate(self) -> float:
        """Images per second, the median of the repeats."""
        return self.images / median(self.seconds)


@dataclass
class PredictionRun:
    """A comparison, as far as it has come.

    Attributes:
        predict: tools/predict.py.
        options: Its options, but those that are measured.
        scans: Images; repeated under other names where more are asked for.
        repeats: Rounds in which all rows take turns.
        rows: What is measured.
        machine: See :func:`describe_machine`.
    """
    predict: Path
    options: tuple[str, ...]
    scans: tuple[Path, ...]
    repeats: int
    rows: list[PredictionRow]
    machine: dict[str, str] = field(default_factory=dict)


def plan_prediction(predict: Path,
                    scans: Sequence[Path],
                    options: Sequence[str],
                    images: Sequence[int] = (),
                    processes: Sequence[int] = (1, 2),
                    repeats: int = 3) -> PredictionRun:
    """Say what is to be measured.

    Args:
        predict: tools/predict.py.
        scans: Images.
        options: Of ``predict``: the model, and what else it is to do.
        images: Numbers of images; none: those of ``scans``.
        processes: Numbers of processes; the fewest are what the others are
            compared with.
        repeats: Rounds in which all take turns, 1 or more.

    Raises:
        ValueError: If a number is out of its range, or an option is one
            that is measured, or none.
    """
    images = sorted({*(images or [len(scans)])})
    processes = sorted({*processes})
    check_at_least(1, scans=len(scans), images=images[0],
                   processes=processes[0], repeats=repeats)
    if options and not options[0].startswith('-'):
        raise ValueError(f'{options[0]}: options of predict.py begin with '
                         "'-'; images stand before the two dashes")
    for option in options:
        # argparse takes beginnings of options, too
        name = option.partition('=')[0]
        taken = [own for own in OWN_OPTIONS
                 if len(name) > 2 and own.startswith(name)]
        if taken:
            raise ValueError(f'{option}: {taken[0]} is set by what is '
                             'measured, leave it out')
    machine = describe_machine(gpu=False)
    if torch.cuda.is_available():  # whether it is used is predict.py's choice
        machine['device'] += f', {torch.cuda.get_device_name()}'
    return PredictionRun(
        predict, tuple(options), tuple(scans), repeats,
        [PredictionRow(*numbers) for numbers in product(images, processes)],
        machine)


def measure_prediction(run: PredictionRun,
                       folder: Path,
                       echo: Callable[[str], None] = print
                       ) -> Iterator[PredictionRun]:
    """Run all rows in turn, round by round, each into an empty folder.

    One image is predicted before, so that the first row does not read the
    programs from a cold disk; every other round is in the other order.

    Args:
        run: What :func:`plan_prediction` returns.
        folder: New folder for what the commands print, ``log.txt``. Their
            results are written there, too, and deleted.
        echo: Called with each line of progress.

    Yields:
        ``run`` with the numbers of one more round.

    Raises:
        ChildProcessError: If a command fails, or predicts other images.
        FileExistsError: If the folder exists and is not empty.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f'{folder} is not empty: name a new folder, '
                              'nothing is overwritten')
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
            dir=folder, ignore_cleanup_errors=True) as place:
        echo('One image, to warm up')
        _measure(run, PredictionRow(1, 1), Path(place), folder / 'log.txt')
        for repeat in range(run.repeats):
            for row in run.rows[::-1 if repeat % 2 else 1]:
                echo(f'[{repeat + 1}/{run.repeats}] '
                     f'{counted(row.images, "image")}, '
                     f'{counted(row.processes, "process", "processes")}')
                _measure(run, row, Path(place), folder / 'log.txt')
            first = {}
            for row in run.rows:
                one = first.setdefault(row.images, row)
                row.ratios.append(one.seconds[-1] / row.seconds[-1])
            yield run


def _link_scans(scans: Sequence[Path], number: int, folder: Path) -> Path:
    """Return a folder with so many images; they are linked once."""
    if folder.exists():
        return folder
    folder.mkdir()
    beside = {scan: side_files(scan) for scan in scans}
    for i in range(number):
        scan, name = scans[i % len(scans)], f'{i:06}'
        (folder / f'{name}{scan.suffix}').symlink_to(scan.absolute())
        for file in beside[scan]:  # they are named after the image
            ending = file.name.removeprefix(scan.stem)
            (folder / f'{name}{ending}').symlink_to(file.absolute())
    return folder


def _measure(run: PredictionRun, row: PredictionRow, place: Path,
             log: Path) -> None:
    """Note one repeat."""
    scans = _link_scans(run.scans, row.images, place / f'{row.images}')
    out = place / 'out'
    command = Command('mmseg_ext.basics.executors.run_script', (
        str(run.predict), str(scans), *run.options, '--out', str(out),
        '--processes', str(row.processes)), log)
    before, load = os.times(), OtherLoad()
    start = time.perf_counter()
    with PeakMemory() as memory:
        reason = command.run()
    row.seconds.append(time.perf_counter() - start)
    row.watched.append(load.stop())
    after = os.times()
    written = sum(1 for _ in (out / 'masks').glob('*.png'))
    if reason is None and written != row.images:
        reason = (f'predicted {counted(written, "image")} of '
                  f'{counted(row.images, "image")}')
    if reason is not None:
        raise ChildProcessError(
            f'tools/predict.py {reason}. The end of {log}:\n'
            + '\n'.join(command.last_words(LAST_WORDS)))
    row.work.append(
        after.children_user - before.children_user +
        after.children_system - before.children_system)
    row.memory = max(row.memory, memory.peak)
    shutil.rmtree(out)
