"""Accuracy before and after, on a config's labelled test images."""
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.config import Config

from mmseg_ext.engine import load_config, test


def mean_iou(cfg: Config | Path, checkpoint: str | Path) -> float:
    """Return the mIoU of a checkpoint on the test part, in percent.

    Args:
        cfg: Config, or its file.
        checkpoint: Weights.

    Raises:
        ValueError: If the config measures no mIoU in testing.
    """
    if isinstance(cfg, Path):
        cfg = load_config(str(cfg))
    with TemporaryDirectory() as folder:
        cfg.work_dir = folder  # logs of no interest
        # two that begin within a second share what is of one name
        cfg.experiment_name = Path(folder).name
        metrics = test(cfg, str(checkpoint))
    if 'mIoU' not in metrics:
        raise ValueError('The config measures no mIoU in testing, but '
                         f'{", ".join(metrics)}: leave --evaluate away')
    return float(metrics['mIoU'])
