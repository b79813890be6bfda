"""A piece of work in a process and a folder of its own, done once."""
import json
import shutil
from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics import FileLock, write_atomically
from mmseg_ext.basics.executors import Command
from mmseg_ext.basics.files import sha256

CONFIG, RESULT, LOG, LOCK = 'config.py', 'result.json', 'log.txt', 'lock'
STARTS = 'starts.json'
# What a run leaves beside these: its weights, mmengine's files, predictions.
WEIGHTS, WORK_DIR, MASKS = 'weights.pth', 'work', 'masks'


@dataclass(frozen=True)
class Job:
    """Work of :mod:`mmseg_ext.benchmark.worker`, by its config.

    The folder holds the config as it was when the work began
    (``config.py``), what the worker printed (``log.txt``), and once all is
    done its result (``result.json``); mmengine's own files are in ``work``.
    Where it starts from other work, ``starts.json`` tells from which. A
    worker ends with the process that started it, however that ended. POSIX
    only.

    Attributes:
        task: 'run', 'trial', 'fold', 'cost' or 'steps'.
        folder: Where it is done; made when it is.
        cfg: Config of the work.
        starts: Folders of the finished work that it starts from, as seen
            from its own.
    """
    task: str
    folder: Path
    cfg: Config
    starts: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        return self.folder / LOG

    @property
    def lock(self) -> Path:
        return self.folder / LOCK

    @property
    def begun(self) -> Path:
        return self.folder / CONFIG

    @property
    def done(self) -> Path:
        return self.folder / RESULT

    @property
    def command(self) -> Command:
        """What does it once it has begun, or goes on with it."""
        return Command('mmseg_ext.benchmark.worker',
                       (self.task, str(self.folder)), self.log)

    def result(self) -> Optional[dict]:
        """Return what the work has given, None if it is not done."""
        return read_result(self.folder)

    def changes(self) -> list[str]:
        """Return how it differs from what the work began with.

        In its config, and in what it starts from: once that is done anew,
        the work is another's.
        """
        path = self.folder / CONFIG
        if not path.is_file():
            return []
        began = _leaves(
            Config.fromfile(path, import_custom_modules=False).to_dict())
        now = _leaves(self.cfg.to_dict())
        return [
            f'{key} was {began.get(key, "not there")}, is '
            f'{now.get(key, "not there")}'
            for key in sorted({**began, **now})
            if began.get(key) != now.get(key) and not self._moved(
                began.get(key), now.get(key))
        ] + [
            f'{start}, from which it began, was done anew'
            for start, digest in self._began_from().items()
            if self._digest(start) not in (None, digest)
        ]

    def _moved(self, began: Optional[str], now: Optional[str]) -> bool:
        """Tell whether a file was moved together with the folder of the work.

        Lists of images, whose names tell what is in them, lie beside the
        folders of runs: ``lists/NAME``.
        """
        paths = [Path(literal_eval(value)) for value in (began, now)
                 if value and value[0] in '"\'']
        return (len(paths) == 2 and paths[0].parts[-2:] == paths[1].parts[-2:]
                and paths[1].parent.parent in self.folder.resolve().parents)

    def _began_from(self) -> dict[str, str]:
        """Return what was noted; nothing is of work of earlier versions."""
        path = self.folder / STARTS
        return (json.loads(path.read_text(encoding='utf-8'))
                if path.is_file() else {})

    def _digest(self, start: str) -> Optional[str]:
        # its result has the moment in which it began, so no two are the same
        path = self.folder / start / RESULT
        return sha256(path) if path.is_file() else None

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Keep other processes from the work; False if one is at it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.lock, keep=True)
        try:
            yield lock.acquire()
        finally:
            lock.release()

    def busy(self) -> bool:
        """Return whether a process is at it."""
        if not (self.folder / LOCK).is_file():
            return False
        with self.claimed() as mine:
            return not mine

    def clear(self) -> None:
        """Forget all that was done; only while it is claimed."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()

    def begin(self) -> None:
        """Note what the work begins with, unless it has begun before.

        Of work that goes on in a folder that was moved, note the new place.
        """
        if (self.folder / CONFIG).exists():
            if not self.changes():
                write_atomically(self.folder / CONFIG, self.cfg.pretty_text)
            return
        if self.starts:
            write_atomically(self.folder / STARTS, json.dumps(
                {start: self._digest(start) for start in self.starts}))
        write_atomically(self.folder / CONFIG, self.cfg.pretty_text)

    def execute(self, stop: Optional[Callable[[], bool]] = None
                ) -> Optional[str]:
        """Do the work here, or go on with it; only while it is claimed.

        Args:
            stop: Asked now and then whether to end it; None: never.

        Returns:
            None once it is done, else why it is not.
        """
        self.begin()
        return self.command.run(stop)

    def last_words(self, num_lines: int = 8) -> list[str]:
        """Return the last lines of the log."""
        return self.command.last_words(num_lines)


def read_result(folder: Path) -> Optional[dict]:
    """Return what was done in a folder, None if nothing was finished."""
    path = folder / RESULT
    if not path.is_file():
        return None
    return json.loads(path.read_text(encoding='utf-8'))


def _leaves(value, key: str = '') -> dict[str, str]:
    """Return dotted key -> value as text; tuples count as lists."""
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, (list, tuple)):
        children = enumerate(value)
    else:
        return {key: repr(value)}
    found = {}
    for name, child in children:
        found.update(_leaves(child, f'{key}.{name}' if key else str(name)))
    return found or {key: '{}' if isinstance(value, dict) else '[]'}
