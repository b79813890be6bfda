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
