"""Choose the threshold of a trained model, on its validation images."""
import copy
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Optional

import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader, Runner

from mmseg_ext.basics.staging import check_free
from mmseg_ext.evaluation import OperatingPoint, OperatingPoints
from mmseg_ext.evaluation.anomaly_score import score_sample

from ..trained import load_trained
from .moved import MovedThreshold, write_moved


class Chosen(NamedTuple):
    """A threshold, and the usual one beside it, on the same images."""
    point: OperatingPoint
    usual: OperatingPoint


def choose_threshold(cfg: Config, checkpoint: str, out: Path,
                     recall: Optional[float] = None, positive: int = 1,
                     overwrite: bool = False,
                     show: Callable[[int, int], None] = lambda done, all: None
                     ) -> Chosen:
    """Choose by which probability a pixel is a defect, and write the model so.

    Args:
        cfg: Config, with a ``val_dataloader``.
        checkpoint: File of its weights.
        out: File to write.
        recall: Fraction of the defects' pixels to find at least; None: the
            best IoU.
        positive: Index of the defect class.
        overwrite: Replace the file.
        show: Called with the number of images that are done, and of all.

    Raises:
        FileExistsError: If there is such a file.
        ValueError: If the model has not two classes, its threshold cannot be
            moved, or no validation image has a defect.
    """
    if not cfg.get('val_dataloader'):
        raise ValueError('The config has no val_dataloader: no images to '
                         'choose a threshold by')
    check_free(out, overwrite)
    loader_cfg = copy.deepcopy(cfg.val_dataloader)
    loader_cfg.update(batch_size=1, num_workers=0, persistent_workers=False)
    model = load_trained(copy.deepcopy(cfg), checkpoint)
    loader = Runner.build_dataloader(loader_cfg)
    classes = len(loader.dataset.metainfo['classes'])
    points, moved = OperatingPoints(), None
    for number, batch in enumerate(loader, 1):
        if moved is None:
            inputs = model.data_preprocessor(batch, False)['inputs']
            moved = MovedThreshold.of(model, inputs, positive)
        with torch.no_grad():
            sample, = model.test_step(batch)
        points.add(score_sample(sample.to_dict(), classes, positive))
        show(number, len(loader))
    if not points.has_defects:
        raise ValueError(
            'No validation image has a defect: no threshold can be chosen by '
            'them. Give others, by --dataset-options or --data-root')
    chosen = points.best(recall)
    loaded = CheckpointLoader.load_checkpoint(
        checkpoint, 'cpu', logger='silent')
    write_moved(loaded, out, moved, chosen, Path(checkpoint).name, overwrite)
    return Chosen(chosen, points.at(moved.log_odds))
