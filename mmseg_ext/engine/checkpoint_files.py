"""Find out which checkpoint was meant where there is none of that name."""
import difflib
import re
from pathlib import Path

from mmseg_ext.basics.listing import name_some

SUFFIXES = ('.pth', '.pt')


def check_checkpoint(path: str) -> None:
    """Refuse a path that leads to no file, and name the files it could be.

    Args:
        path: Of a checkpoint; addresses are passed over.

    Raises:
        FileNotFoundError: With the checkpoints that are there.
    """
    if '://' in path or (file := Path(path).expanduser()).is_file():
        return
    if file.is_dir():
        raise FileNotFoundError(
            f'{path} is a folder, and a checkpoint is a file; '
            + _describe(file, file.name))
    folder = _nearest(file.parent)
    advice = f'; {_describe(folder, file.name)}' if folder else ''
    raise FileNotFoundError(f'There is no checkpoint {path}{advice}')


def _nearest(folder: Path) -> Path | None:
    """Return a folder, or one that its name may be a slip of."""
    if folder.is_dir():
        return folder
    above = _nearest(folder.parent) if folder != folder.parent else None
    if above is None:
        return None
    names = [entry.name for entry in above.iterdir() if entry.is_dir()]
    near = difflib.get_close_matches(folder.name, names, n=1)
    return above / near[0] if near else None


def _describe(folder: Path, wanted: str) -> str:
    names = sorted((entry.name for entry in folder.iterdir()
                    if entry.suffix in SUFFIXES), key=_in_order)
    if not names:
        # '.' at the end of a sentence would be lost
        place = folder.resolve() if folder == Path() else folder
        return f'there is none in {place}'
    near = difflib.get_close_matches(wanted, names, n=len(names))
    names.sort(key=lambda name: near.index(name) if name in near
               else len(near))
    return f'in {folder} there is {name_some(names)}'


def _in_order(name: str) -> list:
    """Return what sorts iter_500 before iter_1500."""
    return [int(part) if part.isdigit() else part
            for part in re.split(r'(\d+)', name)]
