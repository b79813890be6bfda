"""mmengine reads and formats the same files and texts again and again.

A base such as ``mmseg::unet/...`` is looked up in its package's model index,
all of whose 53 files mmengine parses each time: four fifths of the time that
reading such a config takes. And yapf formats the whole config for the log, for
the copy beside it and again for every checkpoint, a tenth of a second each.
Both answers are kept for as long as the process lasts, and are the same.

Upstream: mmengine/config/utils.py and config.py of 0.10.7; not reported.
"""
import os
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from types import ModuleType

from ._when_imported import when_imported

TEXTS = 16  # formatted configs that are kept


def keep_model_index(utils: ModuleType) -> None:
    """Parse a file of a model index once, unless it is written anew."""
    load = utils.load

    @cache
    def parse(path: str, changed: int, size: int):
        return load(path)

    @wraps(load)
    def load_once(path: str):
        status = os.stat(path)
        # nobody writes to what comes back: mmengine picks names from it
        return parse(path, status.st_mtime_ns, status.st_size)

    utils.load = load_once


def keep_formatted(config: ModuleType) -> None:
    """Format a text once.

    mmengine's module has yapf's function; OneDL's imports it where it is used.
    """
    if hasattr(config, 'FormatCode'):
        _keep_formatted(config)
    else:
        when_imported('yapf.yapflib.yapf_api', _keep_formatted)


def _keep_formatted(module: ModuleType) -> None:
    module.FormatCode = _once(module.FormatCode)


def _once(function: Callable) -> Callable:
    """Keep what a function makes of a text and options of plain values."""

    @lru_cache(maxsize=TEXTS)
    def call(text: str, style: tuple, options: tuple):
        return function(text, style_config=dict(style), **dict(options))

    @wraps(function)
    def keeping(text: str, *others, style_config=None, **options):
        if others or not isinstance(style_config, dict):  # not mmengine
            return function(text, *others, style_config=style_config,
                            **options)
        return call(text, tuple(style_config.items()), tuple(options.items()))

    return keeping
