"""Say what a conversion has made."""
import os

from prettytable import PrettyTable

from mmseg_ext.basics.colours import choose_palette, mapped_colours
from mmseg_ext.basics.listing import name_some
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.splits import SPLITS

from .class_rules import IGNORE

# What it means that a part has no pixel of a class.
ABSENT = dict(
    train='No pixel to train on',
    val='No pixel in val, so that the best checkpoint is chosen without it',
    test='No pixel in test, so that nothing is measured of it')


def describe_conversion(out: str | os.PathLike, record: dict) -> str:
    """Write fractions of the classes, guesses, and what a config needs.

    Args:
        out: Folder of the set.
        record: What :func:`convert_masks` returned.
    """
    pixels = record['pixels']
    head = '% of the pixels (images)'
    table = PrettyTable([head, *pixels])
    table.align[head] = 'l'
    ignored = any(counts[IGNORE] for counts in pixels.values())
    for name in record['classes']:
        table.add_row([name, *(
            f'{_percent(counts, name)} '
            f'({record["images_with_class"][split][name]})'
            for split, counts in pixels.items())])
    if ignored:
        table.add_row([IGNORE, *(_percent(counts, IGNORE)
                                 for counts in pixels.values())])
    table.add_row(['images', *(record['images'][split] for split in pixels)])
    lines = [str(table)]
    for split, absent in record['classes_without_a_pixel'].items():
        if absent:
            lines.append(f'{ABSENT[split]}: {", ".join(absent)}')
    alike = record['near_duplicates']
    if alike:
        lines.append(
            'Images that are nearly the same are in one part: '
            f'{counted(len(alike), "group")}, such as {name_some(alike[0])}.')
    guessed = record['guessed_share_of_pixels']
    if guessed:
        worst = max(guessed, key=guessed.get)
        lines.append(
            'Guessed by --nearest: pixels of '
            f'{counted(len(guessed), "mask")}, at most '
            f'{100 * guessed[worst]:.3g} % ({worst}). Look at this one.')
    rows = {int(rows): count for rows, count
            in record['images_by_rows_cropped'].items() if int(rows)}
    if rows:
        lines.append('Cropped at the bottom: ' + ', '.join(
            f'{counted(count, "image")} by {n} rows'
            for n, count in rows.items()))
    kept = record['images_with_information_band']
    if kept:
        lines.append(counted(len(kept), 'image seems', 'images seem')
                     + ' to have an information band '
                     f'that was kept: {name_some(kept)}. --crop-bottom auto '
                     'cuts it off.')
    missing = [split for split in SPLITS[:2] if split not in pixels]
    if missing:
        lines.append(f'There is no {" and no ".join(missing)} part.')
    lines += [f'Wrote the set to {out}. For SEMDataset, in a config:',
              f'    metainfo=dict(classes={tuple(record["classes"])!r}']
    palette = choose_palette(len(record['classes']), mapped_colours(
        record.get('mapping') or {}, record['classes']))
    if palette is not None:
        lines[-1] += f',\n                  palette={palette}'
    lines[-1] += ')'
    if ignored and len(record['classes']) == 2:
        # else a mask of 0 and 255 alone looks like a coding of two classes
        lines[-1] += ',\n    label_map={0: 0, 1: 1, 255: 255}'
    return '\n'.join(lines)


def _percent(counts: dict, name: str) -> str:
    return f'{100 * counts[name] / sum(counts.values()):.2f}'
