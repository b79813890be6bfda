"""What a training step costs a model, beside another's, in one process."""
import copy
from itertools import chain, repeat
from statistics import median

from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmseg_ext.engine.timing import seconds

WARM_UPS = 2
ROUNDS = 9


class _Steps:
    """A training that can be gone on with step by step.

    Loading counts, and is done in this process: in two that share the cores
    it would be hidden by as much as the other model leaves free. Hooks are
    left out.
    """

    def __init__(self, cfg: Config | ConfigDict, work_dir: str) -> None:
        cfg = copy.deepcopy(cfg)
        cfg.work_dir = work_dir
        cfg.experiment_name = 'step times'
        cfg.log_level = 'ERROR'
        cfg.visualizer = dict(type='SegLocalVisualizer', vis_backends=[])
        cfg.custom_hooks = []
        cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
        runner = Runner.from_cfg(cfg)
        self.model = runner.model
        # weights are the run's own: zeros would be quick to multiply
        self.model.init_weights()
        self.model.train()
        self.optim_wrapper = runner.build_optim_wrapper(cfg.optim_wrapper)
        loader = runner.build_dataloader(cfg.train_dataloader)
        self.batches = chain.from_iterable(repeat(loader))

    def take(self) -> None:
        """Load a batch and take a step."""
        self.model.train_step(next(self.batches),
                              optim_wrapper=self.optim_wrapper)


def measure_step_ratio(cfg: Config | ConfigDict,
                       reference: Config | ConfigDict,
                       work_dir: str,
                       rounds: int = ROUNDS) -> dict[str, float]:
    """Time training steps of two configs in turn.

    Args:
        cfg: The whole config of a training.
        reference: The one that it is compared with.
        work_dir: Folder for what mmengine writes.
        rounds: Timed steps of each, in turn: what else a machine does
            concerns both.

    Returns:
        ``seconds`` a step, those of the ``reference``, and the median of
        the rounds' ``ratio``.
    """
    init_default_scope('mmseg')
    trainings = [_Steps(which, work_dir) for which in (cfg, reference)]
    for training in trainings:
        for _ in range(WARM_UPS):
            training.take()
    times = [[seconds(training.take) for training in trainings]
             for _ in range(rounds)]
    return dict(
        seconds=median(own for own, _ in times),
        reference=median(other for _, other in times),
        ratio=median(own / other for own, other in times))
