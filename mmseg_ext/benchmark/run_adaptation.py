"""What is done without labels to the run that another one starts from."""
import os
import shutil
from pathlib import Path

from mmengine.config import Config

from mmseg_ext.adaptation import AdaptationSettings, adapt_model
from mmseg_ext.inference import list_inputs
from mmseg_ext.inference.calibration import AUTO
from mmseg_ext.labeling import PseudoLabelJob
from mmseg_ext.labeling.phase_training import find_micrographs
from mmseg_ext.labeling.pseudo_label_store import CONFIG as BOTH

from .jobs import CONFIG, WEIGHTS
from .run_config import ADAPTED, LABELS, OWN, read_run_config


def adapt_run(folder: Path) -> bool:
    """Write the adapted model of a run, unless it is one that is trained.

    Args:
        folder: Of the run, into which its config and weights go.

    Returns:
        Whether it is adapted.
    """
    cfg = Config.fromfile(folder / CONFIG)
    settings = cfg.get(ADAPTED)
    if settings is None:
        return False
    settings = settings.to_dict()
    start, images = folder / settings.pop('run'), settings.pop('images')
    out = folder / ADAPTED
    (folder / OWN).unlink(missing_ok=True)  # of a run that was killed
    plain = read_run_config(folder)
    report = adapt_model(
        plain, str(start / WEIGHTS), list_inputs([images], out).images, out,
        AdaptationSettings(seed=cfg.randomness.seed, **settings),
        # there is no mask to be cropped to
        crop_bottom=AUTO if _has_bands(plain) else None, overwrite=True)
    print(report.describe())
    os.replace(report.config, folder / OWN)
    os.replace(report.checkpoint, folder / WEIGHTS)
    shutil.rmtree(out)
    return True


def label_run(folder: Path) -> None:
    """Write the pseudo-labels that a run trains on, unless that is done.

    Args:
        folder: Of the run, into which they go.
    """
    settings = Config.fromfile(folder / CONFIG).get(LABELS)
    out = folder / LABELS
    # of what lies there, it is written last
    if settings is None or (out / BOTH).is_file():
        return
    settings = settings.to_dict()
    start = (folder / settings.pop('run')).resolve()
    images = Path(settings.pop('images'))
    cfg = read_run_config(folder)
    if ADAPTED in Config.fromfile(start / CONFIG):
        # as that model sees images
        cfg.test_dataloader = read_run_config(start).test_dataloader
    before = start / LABELS
    job = PseudoLabelJob(
        cfg, str(start / WEIGHTS), images, out,
        previous=before if before.is_dir() else None, **settings)
    print(job.run(overwrite=True))


def _has_bands(cfg: Config) -> bool:
    return (find_micrographs(cfg) or {}).get('info_band') == 'mask'
