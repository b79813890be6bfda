"""Hooks that may fail, and end no training by it."""
import logging
from collections.abc import Callable

from mmengine.hooks import Hook
from mmengine.logging import print_log


class HarmlessHook(Hook):
    """Do what no training has to end for, such as drawing.

    Attributes:
        what: What cannot be written or drawn then, for the warning, which is
            given once.
    """
    what: str

    def __init__(self) -> None:
        self._warned = False

    def attempt(self, step: Callable, *arguments) -> None:
        """Call a step; warn if it fails for the first time."""
        try:
            step(*arguments)
        except Exception as error:
            if not self._warned:
                print_log(
                    f'{self.what}, the training goes on without: '
                    f'{type(error).__name__}: {error}',
                    logger='current', level=logging.WARNING)
            self._warned = True
