"""Read files wherever they are; write them in full or not at all."""
import os
from pathlib import Path
from typing import Optional


def read_bytes(path: str | os.PathLike,
               backend_args: Optional[dict] = None) -> bytes:
    """Return the content of a file.

    Args:
        path: Local file, or an address that mmengine has a backend for.
        backend_args: mmengine's file backend; None: chosen by the address.

    Raises:
        OSError: If it cannot be opened.
    """
    if backend_args is None and '://' not in str(path):
        return Path(path).read_bytes()
    from mmengine import fileio  # is not there where ONNX files alone run

    return fileio.get(path, backend_args)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write text or bytes to a file; whoever looks finds all of it or none.

    The folder is made if it is missing.
    """
    if isinstance(content, str):
        content = content.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f'{path.name}.new')
    new.write_bytes(content)
    os.replace(new, path)
