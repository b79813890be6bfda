"""The images that a list names, of those that there are."""
from collections.abc import Mapping
from typing import Optional, TypeVar

from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import describe_absent, name_some, read_list
from mmseg_ext.basics.printable import counted

T = TypeVar('T')


def choose_listed(ann_file: str,
                  images: Mapping[str, T],
                  place: str,
                  advice: str,
                  backend_args: Optional[dict] = None) -> dict[str, T]:
    """Keep the images that a list names, in its order.

    Args:
        ann_file: Text file, see :func:`~mmseg_ext.basics.listing.read_list`.
        images: Name without suffix -> anything.
        place: Where they are, for errors.
        advice: What to do where there is no list, for errors.
        backend_args: mmengine's file backend.

    Raises:
        FileNotFoundError: If there is no list, or it names images that
            there are not.
        ValueError: If it is in an unknown encoding.
    """
    try:
        names = read_list(ann_file, IMAGE_SUFFIXES, images, backend_args)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'There is no {ann_file}, the list (ann_file) of the images to '
            f'use, the name of one a line. {advice}') from None
    absent = [name for stem, name in names if stem not in images]
    if absent:
        raise FileNotFoundError(
            f'{ann_file} lists '
            + counted(len(absent), 'image that is', 'images that are')
            + f' not in {place}: {name_some(absent)}. '
            + describe_absent(absent, IMAGE_SUFFIXES, images))
    return {stem: images[stem] for stem, _ in names}
