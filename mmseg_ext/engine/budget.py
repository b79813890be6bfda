"""How many steps a machine takes in the time there is."""
import copy
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from .loaders import ended_loaders

WARM = 3  # steps that are not counted: memory and caches are new to them
TIMED = 9  # steps whose median counts
VALIDATED = 2  # images predicted to see how long one takes
VALIDATIONS = 10  # in a training, if they take no more than
VALIDATING = 0.15  # of the budget, but two at least
START = 20  # seconds until the first step, with a look at the data
DRAWING = 1.0  # seconds for the curves, after each validation
RESERVE = 0.95  # of the budget is planned: other work on a machine comes up
FEWEST = 50  # steps below which no training is worth planning


@dataclass(frozen=True)
class Timing:
    """What training costs on this machine.

    Attributes:
        step: Seconds a step, loading included.
        image: Seconds to predict and judge a validation image.
    """
    step: float
    image: float


@dataclass(frozen=True)
class Schedule:
    """How long to train.

    Attributes:
        steps: Steps of the optimizer.
        interval: Steps from one validation to the next.
        reason: A sentence.
    """
    steps: int
    interval: int
    reason: str


class _StepClock(Hook):
    """Note when each step ends."""
    priority = 'LOWEST'

    def __init__(self, show: Callable[[int, int], None]) -> None:
        self.ends: list[float] = []
        self.show = show

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None) -> None:
        self.ends.append(time.perf_counter())
        self.show(len(self.ends), WARM + TIMED)


def time_training(cfg: Config,
                  show: Callable[[int, int], None] = lambda done, all: None
                  ) -> Timing:
    """Train a few real steps and validate two images, and throw them away.

    Args:
        cfg: The whole config.
        show: Called with the number of steps that are done, and of all.

    Raises:
        Whatever training by this config raises.
    """
    cfg = copy.deepcopy(cfg)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=WARM + TIMED,
                         val_interval=10**9)
    cfg.val_dataloader.dataset.indices = VALIDATED
    cfg.val_dataloader.persistent_workers = False
    cfg.val_dataloader.num_workers = 0
    cfg.custom_hooks = []
    cfg.default_hooks.pop('checkpoint', None)
    cfg.visualizer = dict(type='SegLocalVisualizer', vis_backends=[])
    cfg.log_level = 'ERROR'
    clock = _StepClock(show)
    init_default_scope('mmseg')
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        cfg.experiment_name = f'timing-{os.path.basename(folder)}'
        runner = Runner.from_cfg(cfg)
        runner.register_hook(clock)
        with ended_loaders(runner):
            runner.train()
            began = time.perf_counter()
            runner.val_loop.run()
            took = time.perf_counter() - began
    steps = [b - a for a, b in zip(clock.ends[WARM - 1:], clock.ends[WARM:])]
    images = len(runner.val_loop.dataloader.dataset)
    return Timing(median(steps), took / images)


def fill_minutes(minutes: float, timing: Timing, num_val: int) -> Schedule:
    """Plan as many steps and validations as a time allows.

    Args:
        minutes: For training and its validations.
        timing: What they cost.
        num_val: Images of the validation part.

    Raises:
        ValueError: If the time is too short.
    """
    seconds = RESERVE * 60 * minutes - START
    validation = timing.image * num_val + DRAWING
    times = int(min(max(VALIDATING * seconds / validation, 2), VALIDATIONS))
    steps = int((seconds - times * validation) / timing.step)
    if steps < FEWEST:
        needed = (FEWEST * timing.step + 2 * validation + START) / RESERVE
        raise ValueError(
            f'--minutes {minutes:g}: {max(steps, 0)} steps of '
            f'{timing.step:.2g} s beside two validations of '
            f'{validation:.2g} s fit into it, and {FEWEST} are the fewest '
            f'that are worth it: give {needed / 60 + 0.5:.0f} minutes')
    return _schedule(
        steps, times, f'{minutes:g} minutes at {timing.step:.2g} s a step and '
        f'{validation:.2g} s a validation, as timed on this machine')


def take_steps(steps: int) -> Schedule:
    """Plan a given number of steps."""
    return _schedule(steps, VALIDATIONS, '--steps')


def _schedule(steps: int, times: int, reason: str) -> Schedule:
    interval = max(steps // times, 1)
    # a whole number of intervals, so that the last step is validated
    return Schedule(interval * max(steps // interval, 1), interval, reason)
