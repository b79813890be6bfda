"""Run a program as a new interpreter does, but for the wait.

What is slow to import and none of OpenMMLab's is there already, in a process
that is forked for each program: torch and what mmengine and mmdet import. Of
OpenMMLab's packages, and of this one, it has imported nothing.
"""
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from types import ModuleType
from typing import Optional

SLOW = ('torch', 'cv2', 'matplotlib.pyplot', 'scipy.optimize',
        'torch.distributed.optim', 'torch._dynamo', 'timm',
        'transformers.modeling_utils')
PATIENCE = 300  # seconds


@cache
def context() -> BaseContext:
    """Return how such processes are started."""
    context = get_context('forkserver')
    context.set_forkserver_preload([*SLOW])
    return context


def _run(arguments: list[str], cwd: Path, environment: dict,
         log: Path) -> None:
    with open(log, 'wb') as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    if arguments[0] == '-c':
        sys.argv = ['-c', *arguments[2:]]
        sys.path.insert(0, '')
        sys.modules['__main__'] = main = ModuleType('__main__')
        exec(compile(arguments[1], '<string>', 'exec'), vars(main))
    else:
        sys.argv = arguments
        sys.path.insert(0, str(Path(arguments[0]).parent))
        runpy.run_path(arguments[0], run_name='__main__')


def run_program(*arguments, cwd: Path,
                variables: Optional[Mapping] = None
                ) -> subprocess.CompletedProcess:
    """Return how it ended, and what it printed to stdout and stderr.

    Args:
        arguments: As of ``python``: a file or '-c' and a text, and the
            program's own.
        cwd: Where it is started.
        variables: Of the environment, beside those of these tests.
    """
    arguments = [*map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / 'log.txt'
        process = context().Process(
            target=_run,
            args=(arguments, cwd, dict(os.environ, **(variables or {})), log))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(log.read_text())
        return subprocess.CompletedProcess(
            arguments, process.exitcode, log.read_text())
