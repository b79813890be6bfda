"""What a number was measured on."""
import os
import platform
import subprocess
from pathlib import Path

import mmcv
import mmengine
import mmseg
import torch

import mmseg_ext

CPUINFO = Path('/proc/cpuinfo')


def _processor() -> str:
    if CPUINFO.is_file():
        for line in CPUINFO.read_text().splitlines():
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Return the commit of the package's own checkout; '' without one."""
    here = Path(mmseg_ext.__file__)

    def git(*arguments: str) -> str:
        return subprocess.run(
            ['git', *arguments], cwd=here.parent, check=True, text=True,
            capture_output=True).stdout.strip()

    try:
        git('ls-files', '--error-unmatch', here.name)  # not another's folder
        changed = git('status', '--porcelain', '--untracked-files=no')
        return git('rev-parse', '--short=12', 'HEAD') + '+' * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return ''


def describe_device() -> str:
    """Return the GPU or the CPU's threads, and torch, for a table's head."""
    device = (torch.cuda.get_device_name() if torch.cuda.is_available() else
              f'CPU, {torch.get_num_threads()} threads')
    return f'{device}, torch {torch.__version__}'


def describe_machine(gpu: bool = True) -> dict[str, str]:
    """Return device, threads and versions, each as a text.

    ``device`` is the GPU if there is one, unless ``gpu`` is not set.
    ``commit`` is that of the checkout which mmseg_ext is imported from, with
    a '+' if files differ from it, and empty if it is no checkout.
    """
    device = (
        torch.cuda.get_device_name()
        if gpu and torch.cuda.is_available() else _processor())
    return dict(
        device=device,
        cores=str(os.cpu_count()),
        threads=str(torch.get_num_threads()),
        python=platform.python_version(),
        torch=torch.__version__,
        mmengine=mmengine.__version__,
        mmcv=mmcv.__version__,
        mmseg=mmseg.__version__,
        mmseg_ext=mmseg_ext.__version__,
        commit=_commit())
