"""What a data set takes where a part of the data does not exist."""
import os.path as osp
from collections.abc import Mapping
from typing import Optional

from mmengine import fileio

from mmseg_ext.basics.listing import names_of_files


def find_absent(settings: Mapping) -> Optional[str]:
    """Return the first folder or list of a data set that does not exist.

    Args:
        settings: A data set's ``data_root``, ``data_prefix``, ``ann_file``
            and ``backend_args``. A folder without a file counts as none.
    """
    root = settings.get('data_root') or ''
    backend = settings.get('backend_args')
    ann_file = settings.get('ann_file')
    if ann_file:
        path = osp.join(root, ann_file)
        if not fileio.exists(path, backend_args=backend):
            return path
    for folder in (settings.get('data_prefix') or {}).values():
        path = osp.join(root, folder)
        try:
            next(iter(names_of_files(path, backend)))
        except (StopIteration, FileNotFoundError, NotADirectoryError):
            return path
    return None


def settle(settings: Mapping) -> dict:
    """Return a data set's arguments once it is known what exists.

    Args:
        settings: Its arguments, ``if_absent`` among them: arguments that
            replace the others where :func:`find_absent` finds something.
            Data sets without it are returned as they are.
    """
    settled = dict(settings)
    instead = settled.pop('if_absent', None)
    if instead is not None and find_absent(settings) is not None:
        settled.update(instead)
    return settled
