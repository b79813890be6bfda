"""Sizes of pixels of the images of a run, in words."""
from collections.abc import Mapping

from mmseg_ext.basics import printable
from mmseg_ext.basics.printable import counted, name_some


def describe_scales(scales: Mapping[str, Mapping]) -> list[str]:
    """Return sentences: which sizes there are, from where, and which lack.

    Args:
        scales: As in a record of a run, see :class:`RunRecord`.
    """
    groups: dict[tuple[float, str], int] = {}
    unknown = []
    for name, scale in scales.items():
        if scale['um_per_pixel'] is None:
            unknown.append(printable(name))
            continue
        # four digits: more are said nowhere
        key = float(f'{scale["um_per_pixel"]:.4g}'), scale['source']
        groups[key] = groups.get(key, 0) + 1
    if not groups:
        return [
            'The size of a pixel is not known: neither headers nor side files '
            'tell it. Areas and diameters are left out; --um-per-pixel gives '
            'it.'] if unknown else []
    if len({size for size, _ in groups}) > 1:
        start = ('The images have pixels of different size, and each is '
                 'measured by its own')
    else:
        start = 'Size of a pixel'
    lines = [f'{start}: ' + ', '.join(
        f'{size:g} µm ({source}) in {counted(count, "image")}'
        for (size, source), count in sorted(groups.items())) + '.']
    if unknown:
        lines.append(
            f'{len(unknown)} without a known size of a pixel '
            f'({name_some(unknown)}): no area and no summary of features has '
            'them.')
    return lines


def describe_left_out(scales: Mapping[str, Mapping]) -> str:
    """Return a sentence on the images that a grain size is not of.

    Args:
        scales: As in a record of a run, see :class:`RunRecord`.

    Returns:
        With a space in front; '' if there are none.
    """
    unknown = [printable(name) for name, scale in scales.items()
               if scale['um_per_pixel'] is None]
    if not unknown:
        return ''
    return (f' Left out of it: {len(unknown)} of {len(scales)} images, whose '
            f'size of a pixel is not known ({name_some(unknown)}).')
