"""Draw a training's curves at each of its validations."""
import time
from pathlib import Path
from typing import Optional

from mmengine.dist import is_main_process
from mmseg.registry import HOOKS

from mmseg_ext.basics.png_files import write_figure

from ..harmless_hook import HarmlessHook
from .history import LOSS, History

PICTURE, TABLE = 'curves.png', 'curves.csv'
PAUSE = 3.0  # seconds between two pictures, each of which takes 0.2
PREFIX = 'train/'  # of what mmengine's message hub has of the training


@HOOKS.register_module()
class CurvesHook(HarmlessHook):
    """Write ``curves.png`` and ``curves.csv`` to the work directory.

    The picture shows the losses of training and validation, the IoU of each
    class and the class-ratio error against iterations; the table has all
    numbers of every validation, a line each. Both are renewed at each
    validation, in full or not at all; the picture at once if the last one is
    some seconds old, and else with the next or at the end. A resumed
    training goes on in the table as far as its checkpoint is; one that
    starts anew begins a new one.

    It never ends a training: what keeps it from writing is said once.

    Args:
        picture: Draw the picture. False: write the table alone, where many
            short trainings follow each other.
    """

    # Behind those that add to the metrics, and take the best.
    priority = 'LOWEST'
    what = f'{PICTURE} and {TABLE} cannot be written'

    def __init__(self, picture: bool = True) -> None:
        super().__init__()
        self.picture = picture
        self._history = History()
        self._drawn = 0.0
        self._waiting = False

    def before_train(self, runner) -> None:
        if is_main_process():
            self.attempt(self._start, runner)

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        # a validation alone has no curves
        if is_main_process() and runner.iter > 0:
            self.attempt(self._write, runner, metrics or {})

    def after_train(self, runner) -> None:
        if self._waiting:
            self.attempt(self._draw, runner)

    def _start(self, runner) -> None:
        picture, table = (Path(runner.work_dir, name)
                          for name in (PICTURE, TABLE))
        self._history = History()
        self._drawn, self._waiting = time.monotonic(), False
        if runner.iter == 0:  # those of another training
            picture.unlink(missing_ok=True)
            table.unlink(missing_ok=True)
        elif table.exists():
            self._history.read(table, runner.iter)

    def _write(self, runner, metrics: dict) -> None:
        self._history.add(runner.iter, metrics)
        self._history.losses = _losses(runner)
        self._history.write(Path(runner.work_dir, TABLE))
        if not self.picture:
            return
        self._waiting = time.monotonic() - self._drawn < PAUSE
        if not self._waiting:
            self._draw(runner)

    def _draw(self, runner) -> None:
        # here, not above: it takes half a second, and a test needs none
        from .figure import draw_curves

        history = self._history
        meta = getattr(runner.val_dataloader.dataset, 'metainfo', None) or {}
        shown = [name for name in history.names()
                 if '.' not in name and name != 'val_loss']
        write_figure(Path(runner.work_dir, PICTURE), draw_curves(
            history, meta.get('classes') or (), shown))
        self._drawn, self._waiting = time.monotonic(), False


def _losses(runner) -> dict[str, tuple[list[int], list[float]]]:
    """Return the losses of all iterations, resumed ones included."""
    losses = {}
    for name, buffer in runner.message_hub.log_scalars.items():
        name = name.removeprefix(PREFIX) if name.startswith(PREFIX) else ''
        if LOSS in name:
            values = buffer.data[0].tolist()
            # the last is this iteration's, whatever checkpoint it began at
            first = runner.iter - len(values) + 1
            losses[name] = list(range(first, runner.iter + 1)), values
    return losses
