"""Write files that are there in full or not at all."""
import os
from pathlib import Path


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
