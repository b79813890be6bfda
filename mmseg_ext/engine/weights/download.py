"""Files of weights from the network: whole, or not at all."""
import os
import os.path as osp
import pickle
import urllib.request
from pathlib import Path

import torch
from mmengine.dist import barrier, is_main_process
from torch.hub import get_dir

from mmseg_ext.basics.staging import staged_file

from .scheme import WeightsError

TIMEOUT = 10  # seconds until a silent network counts as none
CHUNK = 2**20  # bytes


def cached_file(address: str) -> Path:
    """Return where torch, and mmengine, keep what they have downloaded."""
    return Path(get_dir()) / 'checkpoints' / osp.basename(address)


def check_address(address: str, what: str, advice: str) -> None:
    """Fail if a file is neither here nor within reach of the network.

    Args:
        address: Of the file.
        what: What to call it in the error.
        advice: What else can be done.

    Raises:
        ConnectionError: If it is not.
    """
    if cached_file(address).is_file():
        return
    try:
        reach(address)
    except OSError as error:
        raise ConnectionError(
            f'The {what} cannot be downloaded ({error}). {advice}, or put '
            f'the downloaded file at {cached_file(address)}') from error


def reach(address: str) -> None:
    """Ask for a file without taking it.

    Raises:
        OSError: If there is no answer, or no such file.
    """
    request = urllib.request.Request(address, method='HEAD')
    urllib.request.urlopen(request, timeout=TIMEOUT).close()


def load_download(address: str):
    """Return what a checkpoint holds, which is downloaded unless it is here.

    Raises:
        ConnectionError: If it cannot be downloaded.
        WeightsError: If what came is no checkpoint, or not all of it.
    """
    file = cached_file(address)
    # the first process, whose folder others may see; then, on machines with
    # a folder of their own, one process of each
    for fetches in (is_main_process(), os.environ.get('LOCAL_RANK') == '0'):
        if fetches and not file.is_file():
            _fetch(address, file)
        barrier()
    with file.open('rb') as opened:
        page = opened.read(CHUNK).lstrip()[:1] == b'<'
    advice = f'delete {file}, and it is downloaded again from {address}'
    if page:
        raise WeightsError(f'{file} is a web page, not a checkpoint: {advice}')
    try:
        return torch.load(file, map_location='cpu', weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError,
            pickle.UnpicklingError) as error:
        raise WeightsError(
            f'{file} is damaged or incomplete ({type(error).__name__}): '
            f'{advice}') from error


def _fetch(address: str, file: Path) -> None:
    try:
        with (urllib.request.urlopen(address, timeout=TIMEOUT) as answer,
              staged_file(file, overwrite=True) as new):
            expected = answer.headers.get('Content-Length')
            with new.open('wb') as written:
                while chunk := answer.read(CHUNK):
                    written.write(chunk)
            size = new.stat().st_size
            if expected is not None and size != int(expected):
                raise ConnectionError(
                    f'the connection ended after {size} of {expected} bytes')
    except OSError as error:
        raise ConnectionError(
            f'{address} cannot be downloaded ({error}). Try again, put the '
            f'downloaded file at {file}, or train with --from-scratch'
        ) from error
