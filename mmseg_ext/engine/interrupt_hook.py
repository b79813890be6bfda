"""End a training at Ctrl-C where it can go on from."""
import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.files import PREFIX

NAME = 'interrupted.pth'
# by the system's own call: Python's streams may be in the middle of a line
SAID = (b'\nWriting a checkpoint after this iteration; Ctrl-C again stops at '
        b'once.\n')


class InterruptHook(Hook):
    """Write a checkpoint at Ctrl-C, between two iterations, and stop.

    The iteration that runs is brought to its end, so that weights, optimizer
    and random generators belong together: a resumed training then equals
    the unbroken one. Within a validation it ends after an image, and with
    accumulated gradients once they are applied. A second Ctrl-C stops at
    once, as one before the first iteration does.

    Of several processes each would have to stop after the same iteration:
    there, and where a program has its own handler, Ctrl-C does what it does
    without this.

    Attributes:
        iteration: After which it stopped; None if it did not.
    """

    # Behind all that changes the training's state, and saves it.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._asked = self._armed = self._resumed = False
        self.iteration: Optional[int] = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear Ctrl-C within a block."""
        ours = (threading.current_thread() is threading.main_thread()
                and signal.getsignal(signal.SIGINT)
                is signal.default_int_handler and get_world_size() == 1)
        if not ours:
            yield
            return
        self._process = os.getpid()
        signal.signal(signal.SIGINT, self._hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _hear(self, number: int, frame) -> None:
        if os.getpid() != self._process:
            return  # one that loads data, for the rest of the iteration
        if self._asked or not self._armed:
            signal.default_int_handler(number, frame)
        self._asked = True
        os.write(2, SAID)

    def before_train(self, runner) -> None:
        self._resumed = runner.iter > 0

    def before_train_iter(self, runner, batch_idx: int,
                          data_batch=None) -> None:
        self._armed = True

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: Optional[dict] = None) -> None:
        applied = getattr(runner.optim_wrapper, 'should_update', None)
        if self._asked and (applied is None or applied()):
            self._stop(runner, runner.iter + 1)

    def after_val_iter(self, runner, batch_idx: int, data_batch=None,
                       outputs: Optional[Sequence] = None) -> None:
        if not self._asked:
            return
        for hook in runner.hooks:
            if isinstance(hook, EMAHook):  # puts the trained weights back
                hook.after_val_epoch(runner)
        self._stop(runner, runner.iter)

    def after_train(self, runner) -> None:
        self._armed = False
        written = Path(runner.work_dir, NAME)
        pointer = Path(runner.work_dir, 'last_checkpoint')
        # of this training, which has ended since; another's stays
        if (self._resumed and is_main_process() and pointer.exists()
                and Path(pointer.read_text().strip()) != written):
            written.unlink(missing_ok=True)

    def _stop(self, runner, iteration: int) -> None:
        self.iteration = iteration
        try:
            _save(runner, iteration)
        except (OSError, RuntimeError) as error:  # such as a full disk
            print_log(f'No checkpoint could be written: {error}',
                      logger='current', level=logging.WARNING)
        raise KeyboardInterrupt


def _save(runner, iteration: int) -> None:
    """Write a checkpoint, in full or not at all, as the newest."""
    folder, begun = Path(runner.work_dir), f'{PREFIX}{NAME}'
    try:
        runner.save_checkpoint(
            str(folder), begun, by_epoch=False,
            meta=dict(epoch=runner.epoch, iter=iteration))
        os.replace(folder / begun, folder / NAME)
    finally:
        (folder / begun).unlink(missing_ok=True)
    # where mmengine looks for it
    write_atomically(folder / 'last_checkpoint', str(folder / NAME))
