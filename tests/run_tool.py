"""Run a tool within this process: one of its own imports for seconds."""
import io
import runpy
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest


def run_tool(path, *arguments, cwd: Path) -> tuple[str, object]:
    """Return what it printed, and None or the reason for which it exits."""
    printed, reason = io.StringIO(), None
    with (pytest.MonkeyPatch.context() as patch, redirect_stdout(printed),
          redirect_stderr(printed)):
        patch.chdir(cwd)
        patch.setattr(sys, 'argv', [*map(str, (path, *arguments))])
        patch.setenv('LOCAL_RANK', '0')  # tools/train.py would leave it
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as end:
            reason = end.code
    return printed.getvalue(), reason
