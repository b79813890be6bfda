"""A stock Runner whose log goes to its file alone."""
import io
import logging
import os.path as osp
from contextlib import redirect_stdout

from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmseg_ext.basics.console import Console

# Warnings about names within mmengine and mmcv, which no user has written.
# The log file has them.
HARMLESS = ('The prefix is not set in metric class',
            '"FileClient" will be deprecated',
            '"HardDiskBackend" is the alias')


class QuietRunner(Runner):
    """Show warnings and errors, and nothing else, of what is logged.

    The log file holds all that it holds with the stock Runner.

    Attributes:
        console: Where its output goes.
    """

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """Build the stock logger, and show less of it."""
        logger = super().build_logger(*args, **kwargs)
        self.console = Console()
        self._shown = [
            handler for handler in logger.handlers
            if isinstance(handler, logging.StreamHandler)
            and not isinstance(handler, logging.FileHandler)
        ]
        for handler in self._shown:
            handler.setStream(self.console)
            handler.setFormatter(_PlainFormatter())
            handler.addFilter(_is_for_users)
            handler.setLevel(max(handler.level, logging.WARNING))
        return logger

    def load_or_resume(self) -> None:
        """Load or resume a checkpoint; what is printed then is logged."""
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                super().load_or_resume()
        finally:
            for line in printed.getvalue().splitlines():
                self.logger.info(line)


    def dump_config(self) -> None:
        """Write the config to the work directory, but not over itself."""
        name = osp.basename(self.cfg.filename or f'{self.timestamp}.py')
        path = osp.join(self.work_dir, name)
        if not (self.cfg.filename and osp.exists(path)
                and osp.samefile(path, self.cfg.filename)):
            super().dump_config()


class QuietTestRunner(QuietRunner):
    """Show the metrics' tables, too.

    The config that a training has written to the work directory stays.
    """

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """Call all hooks, and show what metrics log between two of them."""
        # They are computed between the last image's hooks and these; the
        # stock hooks then log one line of all numbers.
        if fn_name == 'after_test_epoch':
            self._show(logging.WARNING)
        super().call_hook(fn_name, **kwargs)
        if (fn_name == 'after_test_iter'
                and kwargs['batch_idx'] + 1 == len(self.test_dataloader)):
            self._show(logging.INFO)

    def dump_config(self) -> None:
        """Write the config to the work directory if there is none."""
        # What is changed for a test (checkpoint, views) is not for later.
        name = osp.basename(self.cfg.filename or f'{self.timestamp}.py')
        if not osp.isfile(osp.join(self.work_dir, name)):
            super().dump_config()

    def _show(self, level: int) -> None:
        if is_main_process():
            for handler in self._shown:
                handler.setLevel(level)


class _PlainFormatter(logging.Formatter):

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if record.levelno >= logging.WARNING:
            return f'{record.levelname.capitalize()}: {text}'
        return text.lstrip('\n')


def _is_for_users(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(HARMLESS)
