"""Environments without the packages that are slow to import."""
from pathlib import Path


def leave_out(folder: Path) -> None:
    """Write modules to a folder of the path that hide mmdet and others.

    Transformers and timm, which it, mmengine and mmseg import. Whatever
    needs none of their models works beside them and without them.
    """
    for name in ('mmdet', 'timm', 'transformers'):
        (folder / f'{name}.py').write_text(
            f"raise ModuleNotFoundError('left out by a test', name='{name}')")
