"""Choose the threshold of a defect class on the validation images."""
import logging
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader, Runner
from mmseg.registry import HOOKS

from mmseg_ext.evaluation import OperatingPoints, describe_choice
from mmseg_ext.evaluation.anomaly_score import score_sample

from ..best_checkpoints import best_checkpoints
from ..wrappers import unwrapped
from .moved import MovedThreshold, write_moved

SUFFIX = '_threshold.pth'


@HOOKS.register_module()
class ThresholdHook(Hook):
    """Write the best checkpoint with the threshold of the best IoU, too.

    A segmentor of two classes takes a pixel for a defect where that is the
    more probable class. Where defects are rare, or others than those that it
    was trained on, another threshold finds more of them. This one is chosen
    by all pixels of the validation images, at each validation whose
    checkpoint is the best so far, and written into the classifier's bias:
    ``best_mIoU_iter_800_threshold.pth`` beside ``best_mIoU_iter_800.pth``.
    Whatever takes the one takes the other; the scores that need no
    threshold are the same.

    A model of other classes, or without a bias that is added to its logits,
    is trained as without the hook; a warning says so.

    Args:
        positive: Index of the defect class.

    Attributes:
        written: The file for the best checkpoint so far, None if there is
            none.
        said: What the threshold gives, in lines.
    """
    # behind the hook that saves the best checkpoint
    priority = 'LOWEST'

    def __init__(self, positive: int = 1) -> None:
        self.positive = positive
        self.written: Optional[Path] = None
        self.said: Sequence[str] = ()
        self._moved: Optional[MovedThreshold] = None
        self._fits = True

    def before_train(self, runner) -> None:
        best = _best_checkpoint(runner)
        if best is not None and threshold_file(best).is_file():
            self.written = threshold_file(best)  # of a resumed training

    def before_val_epoch(self, runner) -> None:
        self._points = OperatingPoints()
        self._before = _best_checkpoint(runner)

    def after_val_iter(self, runner, batch_idx: int,
                       data_batch: Optional[dict] = None,
                       outputs: Optional[Sequence] = None) -> None:
        if self._moved is None and self._fits:
            try:
                self._moved = _find(unwrapped(runner.model), data_batch,
                                    self.positive)
            except ValueError as error:
                self._fits = False
                print_log(f'No threshold is chosen. {error}',
                          logger='current', level=logging.WARNING)
        if not self._fits:
            return
        classes = len(runner.val_loop.evaluator.dataset_meta['classes'])
        for sample in outputs:
            self._points.add(score_sample(sample.to_dict(), classes,
                                          self.positive))

    def after_val_epoch(self, runner,
                        metrics: Optional[dict] = None) -> None:
        if not self._fits:
            return
        self._points.gather()
        best = _best_checkpoint(runner)
        if not is_main_process() or best in (None, self._before):
            return  # an earlier validation was better
        path = threshold_file(best)
        if self.written is not None:  # of a checkpoint that is gone
            self.written.unlink(missing_ok=True)
            self.written = None
        if not self._points.has_defects:
            print_log('The validation images have no defect: no threshold '
                      'can be chosen by them', logger='current',
                      level=logging.WARNING)
            return
        chosen = self._points.best()
        self.said = describe_choice(
            chosen, self._points.at(self._moved.log_odds))
        for line in self.said:
            print_log(line, logger='current')
        write_moved(CheckpointLoader.load_checkpoint(best, 'cpu'), path,
                    self._moved, chosen, osp.basename(best))
        self.written = path


@torch.no_grad()
def _find(model, data_batch: dict, positive: int) -> MovedThreshold:
    batch = {key: value[:1] for key, value in data_batch.items()}
    return MovedThreshold.of(
        model, model.data_preprocessor(batch, False)['inputs'], positive)


def threshold_file(checkpoint: str) -> Path:
    """Return where a checkpoint lies with its threshold moved."""
    return Path(checkpoint).with_suffix('').with_name(
        Path(checkpoint).stem + SUFFIX)


def _best_checkpoint(runner: Runner) -> Optional[str]:
    """Return the best checkpoint so far by the first metric that decides."""
    return next(iter(best_checkpoints(runner).values()), None)
