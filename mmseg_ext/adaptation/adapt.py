"""From a trained model to one for other images, as config and checkpoint."""
import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.intensity_statistics import IntensityStatistics
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.staging import staged
from mmseg_ext.engine.intensity_hook import KEY, training_intensities
from mmseg_ext.inference import TorchModel
from mmseg_ext.inference.preparation import Preparation

from .config import adapted_config
from .images import TargetImages
from .norms import adapt_norms, check_norms
from .report import AdaptationReport
from .settings import BATCH_NORM, AdaptationSettings

FILES = CONFIG, WEIGHTS = 'config.py', 'weights.pth'
# Below, statistics are those of what the images happen to show.
FEW_IMAGES = 4
FEW_PIXELS = 4 * 256**2  # 256 values of a channel at stride 32


def adapt_model(cfg: Config,
                checkpoint: str,
                images: Mapping[str, Path],
                out: Path,
                settings: AdaptationSettings,
                bit_depth: Optional[int] = None,
                crop_bottom: int | str | None = None,
                overwrite: bool = False,
                progress: Callable[[str], None] = lambda line: None
                ) -> AdaptationReport:
    """Adapt a segmentor to unlabelled images, and write what predicts.

    Args:
        cfg: Its config, with a test_dataloader; with a train_dataloader
            whose images are there where the checkpoint does not know them.
        checkpoint: File of its weights.
        images: Name -> file of the images.
        out: Folder for config.py and weights.pth.
        settings: By what method.
        bit_depth: Significant bits of 16-bit images; None: as in training.
        crop_bottom: Rows to cut off the lower edge; None: as in training.
        overwrite: Replace what is in ``out``.
        progress: Called with a line that says how far it is.

    Raises:
        FileExistsError: If ``out`` holds such files.
        ValueError: If images cannot be read or do not go with the model, the
            method changes nothing in it, or the training's intensities are
            not known; nothing is written then.
    """
    with staged(out, FILES, overwrite) as folder:
        model = TorchModel(copy.deepcopy(cfg), checkpoint)
        by_norms = settings.method == BATCH_NORM
        notes = [check_norms(model.model)] if by_norms else []
        known, why = model.intensities, ''
        if known is None:
            known, why = _from_data(cfg)
        if known is None and not by_norms:
            raise ValueError(
                f'{checkpoint} does not say how bright the training images '
                'were, as older ones do not, and they cannot be read where '
                f'train_dataloader says ({why}): give their folder by '
                '--data-root')
        targets = TargetImages(
            images, Preparation.of(model, bit_depth, crop_bottom), known)
        # norms see what an older map makes of the images
        match = model.match if by_norms else known.match(settings.method)
        before, after = targets.measure(match, progress)
        notes += _notes(known, before)
        if not by_norms:
            notes.append(_unlike_any(known, after))
        norms = None
        if by_norms:
            progress('Batch norms look at crops')
            norms = adapt_norms(model, cfg, targets, settings)
            notes += _too_few(len(images), norms.pixels)
        what = (f'Written by tools/adapt.py --method {settings.method}, for '
                f'{counted(len(images), "image")}.')
        write_atomically(folder / CONFIG, adapted_config(
            cfg, None if by_norms else match, what))
        meta = dict(dataset_meta=dict(classes=model.classes,
                                      palette=model.palette))
        # what the model now takes for usual
        usual = after if by_norms else known
        torch.save(dict(meta={**meta, KEY: usual.record()},
                        state_dict=model.model.cpu().state_dict()),
                   folder / WEIGHTS)
    return AdaptationReport(
        settings, known, before, after, norms, out / CONFIG, out / WEIGHTS,
        [note for note in notes if note])


def _from_data(cfg: Config) -> tuple[Optional[IntensityStatistics], str]:
    """Measure the training images; None, and why, if they are not there."""
    section = (cfg.get('train_dataloader') or {}).get('dataset')
    if section is None:
        return None, 'the config has none'
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    try:
        found = training_intensities(DATASETS.build(copy.deepcopy(section)))
    except (OSError, ValueError) as error:
        # what follows is for who trains
        return None, ' '.join(str(error).split()).split('. ')[0].rstrip('.')
    return found, 'none of its images can be read'


def _notes(known: Optional[IntensityStatistics],
           found: IntensityStatistics) -> list[str]:
    """Say what is odd about the images."""
    if known is None:
        return []
    notes = []
    if found.bits < known.bits:
        notes.append(f'they have {found.bits} bits a channel, the training '
                     f'images {known.bits}')
    if known.colour and not found.colour:
        notes.append('they are grey, and training images are in colours')
    if all(map(known.covers, found.means[:2], found.stds[:2])):
        notes.append('all are as bright and as rich in contrast as the '
                     'training images; if the model is wrong on them, it is '
                     'probably for another reason')
    return notes


def _unlike_any(known: IntensityStatistics,
                after: IntensityStatistics) -> str:
    """Say that a map makes images as training had none; '' if not.

    The pooled histogram of bright and dark images is that of neither.
    """
    if known.covers(after.mean, after.std):
        return ''
    return (f'made so, they have a mean of {after.mean:.0f} and a deviation '
            f'of {after.std:.0f} on average, and no training image has (means '
            f'{known.means[0]:.0f} to {known.means[1]:.0f}, deviations '
            f'{known.stds[0]:.0f} to {known.stds[1]:.0f}): --method intensity '
            'is the safer one')


def _too_few(number: int, pixels: int) -> list[str]:
    if number >= FEW_IMAGES and pixels >= FEW_PIXELS:
        return []
    return [f'statistics of {counted(number, "image")} and '
            f'{pixels / 1e6:.2f} million pixels depend on which phases they '
            'happen to show: give more images or more --crops, mix with the '
            'old ones by --alpha 0.5, or use --method intensity']
