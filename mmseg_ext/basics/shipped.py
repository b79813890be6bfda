"""The configs and tools that come with the package."""
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def shipped(folder: str) -> Path:
    """Return where a folder of the repository lies on this machine.

    Args:
        folder: 'configs' or 'tools'.

    Returns:
        Its copy in the installed package, or else that of the checkout.
    """
    installed = PACKAGE / '.mim' / folder
    return installed if installed.is_dir() else PACKAGE.parent / folder
