"""How well the labelled images are found: a sheet and a table."""
import io

import numpy as np

from mmseg_ext.basics.csv_files import CsvWriter, number
from mmseg_ext.basics.png_files import encode_png
from mmseg_ext.visualization import Tile, draw_contact_sheet, draw_overlay

from .leave_one_out import LeftOut
from .segmenter import FewShotSegmenter

COLUMNS = ('image', 'kind', 'by', 'iou', 'score')


def support_files(segmenter: FewShotSegmenter) -> dict[str, bytes]:
    """Return ``supports.png`` and ``supports.csv``, file -> content."""
    left_out = segmenter.calibration.left_out
    sheet = draw_contact_sheet(
        [_tile(one) for one in left_out],
        f'{segmenter.warning or _describe_quality(segmenter)}; '
        'green: outlined, red: found')
    table = io.StringIO()
    writer = CsvWriter(table)
    writer.writerow(COLUMNS)
    for one in left_out:
        writer.writerow([
            one.labelled.name,
            'good' if one.labelled.mask is None else 'outlined',
            'a copy of it' if one.copied else 'the others',
            number(one.iou, 4), number(one.score, 6)])
    return {'supports.png': encode_png(sheet),
            'supports.csv': table.getvalue().encode()}


def describe_supports(segmenter: FewShotSegmenter) -> str:
    """Say how well it works on what it was shown, and of false alarms."""
    good = [one for one in segmenter.calibration.left_out
            if one.labelled.mask is None]
    alarms = {one.labelled.name for one in good if one.found.any()}
    text = _describe_quality(segmenter)
    if alarms:
        of = len({one.labelled.name for one in good})
        text += (f'\nSomething is found in {len(alarms)} of {of} good images, '
                 'too: expect such false alarms in others. More good images '
                 'make them fewer.')
    return text


def _describe_quality(segmenter: FewShotSegmenter) -> str:
    calibration, matching = segmenter.calibration, segmenter.matching
    how = f'{matching.matcher}, scale {matching.scale:g}'
    if np.isnan(calibration.iou):
        return (f'{len(calibration.left_out)} good images; what is farther '
                f'from them than they are from each other is found ({how})')
    copied = any(one.copied for one in calibration.left_out)
    return (f'IoU of the outlined images, each found by '
            f'{"itself, flipped or resized" if copied else "the others"}: '
            f'{calibration.iou:.2f} ({how})')


def _tile(one: LeftOut) -> Tile:
    name = one.labelled.name.replace('\\', '/').split('/')[-1]
    found = one.found > 0
    if one.labelled.mask is None:
        what = 'good' + (f', and {100 * found.mean():.2g} % of it is found'
                         if found.any() else '')
    else:
        what = f'IoU {one.iou:.2f}'
    return Tile(
        draw_overlay(
            one.labelled.image, found,
            truth=None if one.labelled.mask is None else np.isin(
                one.labelled.mask, (0, 255), invert=True)),
        [name, what, *['by its own copy'] * one.copied])
