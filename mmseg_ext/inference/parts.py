"""Prediction of many images by several processes, part by part."""
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from mmseg_ext.basics import FileLock, write_atomically
from mmseg_ext.basics.csv_files import GrowingTable
from mmseg_ext.basics.executors import Command, Executor
from mmseg_ext.basics.files import PREFIX
from mmseg_ext.basics.printable import counted, printable

from .model_files import ModelFiles
from .result_store import ResultStore
from .run_record import RECORD, RunRecord

if TYPE_CHECKING:
    from .job import PredictionJob

PARTS = f'{PREFIX}parts'  # folder among the results, while there are some
BEGUN, DONE, LOG, OUT = 'part.json', 'done.json', 'log.txt', 'results'
LOCK = 'lock'
LARGEST = 500  # images; so workers that come later get some, too
PATIENCE = 10  # seconds for a process to end that nobody waits for
# What the predictions of an image depend on, of PredictionJob's arguments.
OPTIONS = ('whole', 'bit_depth', 'crop_bottom', 'um_per_pixel', 'min_area',
           'grain_size', 'split_touching', 'base_phase', 'probabilities',
           'annotate_masks')


@dataclass(frozen=True)
class Part:
    """Some of the images: a job of :mod:`.part_worker`.

    Attributes:
        folder: Where it is done.
        work: What ``part.json`` tells its process.
    """
    folder: Path
    work: dict

    @property
    def lock(self) -> Path:
        return self.folder / LOCK

    @property
    def begun(self) -> Path:
        return self.folder / BEGUN

    @property
    def done(self) -> Path:
        return self.folder / DONE

    @property
    def command(self) -> Command:
        return Command('mmseg_ext.inference.part_worker',
                       (str(self.folder), ), self.folder / LOG)

    def predicted(self) -> int:
        """Return how many of its images are done so far."""
        try:
            with open(self.folder / OUT / 'images.csv', 'rb') as file:
                return max(0, sum(1 for _ in file) - 1)  # the first has names
        except OSError:  # another machine may be replacing it
            return 0

    def begin(self) -> None:
        """Write what its process is to know."""
        self.folder.mkdir(parents=True)
        write_atomically(self.begun, json.dumps(self.work))

    def execute(self, stop: Optional[Callable[[], bool]] = None
                ) -> Optional[str]:
        """Do it here."""
        self.begin()
        return self.command.run(stop)


@dataclass(frozen=True)
class Parts:
    """Deals images out to an executor, and gathers what it predicts.

    The job predicts images itself until one has decided which phase overlays
    leave uncoloured.

    Attributes:
        executor: Does the parts.
        model: What each process loads, once.
        tell: Called with where each part is done.
    """
    executor: Executor
    model: ModelFiles
    tell: Callable[[str], None]

    def predict(self, job: 'PredictionJob', store: ResultStore,
                names: Sequence[str], show: Callable[[str], None],
                before: int = 0) -> None:
        """Predict images; the results are as if it had been done here.

        Args:
            job: What is asked for.
            store: Gets the results.
            names: Of the images.
            show: Called with a line that says how far it is.
            before: Number of images that were predicted before these.
        """
        images = job.inputs.images
        self.executor.share(
            [store.root], sorted({images[name].parent for name in names}
                                 | {*self.model.folders()}))
        parts = [*self._cut(job, store, names)]
        waiting, ended, gathered = [*parts], {}, 0
        under_way: list[Part] = []
        done = 0

        def tell_how_far() -> None:
            so_far = done + sum(part.predicted() for part in under_way)
            show(f'{before + so_far} of {before + len(names)} images')

        while gathered < len(parts):
            while waiting and len(under_way) < self.executor.slots:
                part = waiting.pop(0)
                self.executor.start(part, lambda place, part=part: self.tell(
                    f'{counted(len(part.work["images"]), "image")} from '
                    f'{next(iter(part.work["images"]))}: {place}'))
                under_way.append(part)
            end = self.executor.wait(tell_how_far)
            under_way.remove(end.job)
            ended[end.job.folder] = end.reason
            done += len(end.job.work['images'])
            tell_how_far()
            # in their order, which is that of lines in tables
            while (gathered < len(parts)
                   and parts[gathered].folder in ended):
                part = parts[gathered]
                self._gather(part, store, ended[part.folder])
                gathered += 1

    def _cut(self, job: 'PredictionJob', store: ResultStore,
             names: Sequence[str]) -> Iterator[Part]:
        size = min(-(-len(names) // self.executor.slots), LARGEST)
        work = dict(
            model=asdict(self.model),
            tiling=None if job.tiling is None else asdict(job.tiling),
            options={name: getattr(job, name) for name in OPTIONS},
            base_phase=store.record.base_phase,
            sources=list(job.inputs.sources))
        for start in range(0, len(names), size):
            yield Part(store.root / PARTS / f'from_{start + 1}', dict(
                work, images={
                    name: str(job.inputs.images[name])
                    for name in names[start:start + size]}))

    def _gather(self, part: Part, store: ResultStore,
                reason: Optional[str]) -> None:
        failures = _absorb(part.folder, store)
        if reason is None:
            failures.update(json.loads(
                part.done.read_text(encoding='utf-8')))
        else:
            predicted = store.done()
            last = ''.join(f': {line}' for line in part.command.last_words(1))
            failures.update({
                name: printable(f'{path}: the process that was to predict '
                                f'it {reason}{last}')
                for name, path in part.work['images'].items()
                if name not in predicted})
        store.record.failures.update(failures)
        shutil.rmtree(part.folder)


def absorb_parts(store: ResultStore, keep: bool = True) -> None:
    """Take over what parts of an interrupted command have left.

    Args:
        store: In whose folder they are.
        keep: Keep their results, or forget them.

    Raises:
        BlockingIOError: If a process is still at one.
    """
    root = store.root / PARTS
    for folder in sorted(root.glob('from_*')):
        lock = FileLock(folder / LOCK, keep=True)
        end = time.monotonic() + PATIENCE
        while not lock.acquire():
            if time.monotonic() > end:
                raise BlockingIOError(
                    f'{folder} is being written by {lock.holder()}, for a '
                    'command that was interrupted. End it, or wait.')
            time.sleep(0.2)
        try:
            if keep:
                _absorb(folder, store)
        finally:
            lock.release()
        shutil.rmtree(folder)
    if root.is_dir():
        root.rmdir()


def _absorb(folder: Path, store: ResultStore) -> dict[str, str]:
    """Move the results of a part to the others; return what is wrong."""
    out = folder / OUT
    if not (out / RECORD).is_file():
        return {}
    record = RunRecord.read(out)
    if record.settings != store.record.settings:
        different = [name for name, value in store.record.settings.items()
                     if record.settings.get(name) != value]
        images = json.loads((folder / BEGUN).read_text(
            encoding='utf-8'))['images']
        return {name: printable(
            f'{path}: its worker predicts with another '
            f'{", ".join(different)}') for name, path in images.items()}
    _move(out, store)
    return {}


def _move(out: Path, store: ResultStore) -> None:
    """Move all images that are predicted in full, files before lines."""
    theirs = [GrowingTable(out / table.path.name, table.columns)
              for table in store.tables]
    names = {row['image'] for row in theirs[-1].rows()}
    # what was taken over before the command was killed
    names -= {row['image'] for row in store.images.rows()}
    for name in names:
        for file in store.files(name):
            file.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # the same
                (out / file.relative_to(store.root)).replace(file)
    for table, their in zip(store.tables, theirs):
        table.append(row.values() for row in their.rows()
                     if row['image'] in names)
