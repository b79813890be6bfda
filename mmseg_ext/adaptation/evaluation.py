"""Accuracy before and after, on a config's labelled test images."""
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.config import Config

from mmseg_ext.engine import test


def mean_ious(models: Sequence[tuple[Config, str | Path]]) -> list[float]:
    """Return the mIoU of each of some models on its test part, in percent.

    Args:
        models: Configs and their weights.

    Raises:
        ValueError: If a config measures no mIoU in testing.
    """
    found = []
    with TemporaryDirectory() as folder:
        # mmengine's visualizers stay with the first folder of their name
        silent = dict(type='SegLocalVisualizer', vis_backends=[],
                      name=Path(folder).name)
        for cfg, checkpoint in models:
            cfg.work_dir = folder  # logs of no interest
            cfg.visualizer = silent
            metrics = test(cfg, str(checkpoint))
            if 'mIoU' not in metrics:
                raise ValueError(
                    'The config measures no mIoU in testing, but '
                    f'{", ".join(metrics)}: leave --evaluate away')
            found.append(float(metrics['mIoU']))
    return found
