"""Where the configs and tools lie that come with the package."""
from pathlib import Path


def shipped(folder: str) -> Path:
    """Return a folder that comes with the package, such as 'configs'.

    An installed package has them in its ``.mim`` folder, as upstream's; in a
    checkout they lie beside the package.
    """
    package = Path(__file__).resolve().parents[1]
    installed = package / '.mim' / folder
    if installed.is_dir():
        return installed.resolve()  # a link in some editable installs
    return package.parent / folder


def name_shipped(path: str) -> str:
    """Write the path of a file that comes with the package, as from here.

    Args:
        path: Such as 'configs/sem/README.md'.
    """
    folder, _, inner = path.partition('/')
    full = shipped(folder) / inner
    here = Path.cwd()
    return (full.relative_to(here) if full.is_relative_to(here) else
            full).as_posix()
