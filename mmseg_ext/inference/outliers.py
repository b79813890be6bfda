"""Which images are darker, brighter, flatter or harsher than training's."""
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Optional

from mmseg_ext.basics import command_for, printable
from mmseg_ext.basics.argument_types import reading_options
from mmseg_ext.basics.command_line import quote_command
from mmseg_ext.basics.errors import user_sentence
from mmseg_ext.basics.intensity import LEAST_STD
from mmseg_ext.basics.intensity_statistics import IntensityStatistics
from mmseg_ext.basics.printable import name_some

from .fitting import one_grey, read_fitting
from .predictor import LogitModel
from .preparation import Preparation

Show = Callable[[int, int], None]
COMPARED = 'images compared with those of the training'


def describe_outliers(model: LogitModel,
                      moments: Mapping[str, tuple[float, float]],
                      images: Mapping[str, Path],
                      sources: Sequence[str],
                      bit_depth: Optional[int] = None,
                      crop_bottom: int | str | None = None,
                      progress: Show = lambda *_: None) -> str:
    """Say which images lie outside the training's brightness and contrast.

    Args:
        model: What predicted; nothing is said of one that matches
            intensities, or whose training images are not known.
        moments: Name of an image -> mean and standard deviation of its grey
            levels.
        images: Name -> file of all images, which are read again if some are
            outside: the command is named only if it takes them.
        sources: Where they are, for that command.
        bit_depth, crop_bottom: How they were read, for the same; None: as
            in training.
        progress: Called with the number of images that are read again, and
            of all.

    Returns:
        A sentence, and a line with the command or why it would not take the
        images; '' if all are inside.
    """
    known = model.intensities
    if known is None or model.match is not None:
        return ''
    outside = {name: found for name, found in moments.items()
               if not known.covers(*found)}
    if not outside:
        return ''
    (dark, bright), (flat, harsh) = known.limits()
    spans = [f'{low:.0f} to {high:.0f}' if high - low >= 1 else f'{low:.1f}'
             for low, high in ((min(values), max(values))
                               for values in zip(*outside.values()))]
    misfit = _misfit(known, Preparation.of(model, bit_depth, crop_bottom),
                     moments, images, progress)
    config, checkpoint, after = _files(model)
    out = (Path(checkpoint).parent / 'adapted').as_posix()
    command = quote_command([
        config, checkpoint, *sources, '--out', out,
        *reading_options(bit_depth, crop_bottom)])
    return (
        f'{len(outside)} of {len(moments)} images lie outside the '
        'brightness and contrast of the training and may be segmented worse '
        f'({name_some([printable(name) for name in outside])}: mean grey '
        f'{spans[0]}, deviation {spans[1]}; in training {known.means[0]:.0f} '
        f'to {known.means[1]:.0f} and {known.stds[0]:.0f} to '
        f'{known.stds[1]:.0f}, with a margin {max(dark, 0):.0f} to '
        f'{min(bright, 255):.0f} and {flat:.0f} to {harsh:.0f}). '
        + (f'{command_for("adapt")} takes no such images: {misfit}' if misfit
           else 'To adapt the model, without training'
           f'{after}:\n  {command_for("adapt")} {command}'))


def _misfit(known: IntensityStatistics, preparation: Preparation,
            moments: Mapping[str, tuple[float, float]],
            images: Mapping[str, Path], progress: Show) -> str:
    """Return why a model cannot be adapted to images; '' if it can be."""
    for name, (mean, std) in moments.items():
        if std < LEAST_STD and name in images:
            return one_grey(images[name], mean)
    for i, path in enumerate(images.values(), 1):
        progress(i, len(images))
        try:
            read_fitting(path, preparation, known)
        except (OSError, ValueError) as error:
            return user_sentence(error)
    return ''


def _files(model: LogitModel) -> tuple[str, str, str]:
    """Return config, checkpoint, and what is to be done after adapting."""
    found = model.config_and_checkpoint
    if found is not None:
        return *found, ''
    details = model.details
    return (str(details.get('config') or 'CONFIG'),
            str(details.get('checkpoint') or 'CHECKPOINT'),
            ', from the config and checkpoint of this file, and export that')
