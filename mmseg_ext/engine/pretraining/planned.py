"""Pretrain as a config says that it starts."""
from collections.abc import Callable, Mapping

from mmseg_ext.engine.pretrain_command import pretrain_command

from .pretrain import Pretrained, pretrain
from .settings import Settings


def pretrain_as_planned(
        config: str, section: Mapping, overwrite: bool = False,
        progress: Callable[[str], Callable[[int, int], None]] = (
            lambda what: lambda done, total: None)) -> Pretrained:
    """Run what :func:`~..pretrain_command.pretrain_command` words.

    Args:
        config: Path of the config.
        section: Its ``pretraining``.
        overwrite: Replace weights that are there.
        progress: See :func:`~.pretrain.pretrain`.

    Raises:
        See :func:`~.pretrain.pretrain`.
    """
    options = dict(section)
    images, out, minutes = (
        options.pop(name) for name in ('images', 'out', 'minutes'))
    return pretrain(Settings(config, [images], **options), out, minutes,
                    overwrite=overwrite, progress=progress,
                    command=pretrain_command(config, section))
