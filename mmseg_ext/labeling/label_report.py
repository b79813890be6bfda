"""How the labels came out: counts, quality, minutes, one contact sheet."""
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmseg_ext.basics import read_image, write_atomically
from mmseg_ext.basics.png_files import write_png_atomically
from mmseg_ext.visualization import Tile, draw_contact_sheet

from .label_store import LabelStore
from .label_table import ACCEPTED, CLEAN, REVIEW, STATUSES, LabelRow

SHEET, REPORT = 'contact_sheet.png', 'report.md'
MAX_TILES = 400
NAME = 22  # letters of a name on the sheet


def write_report(store: LabelStore,
                 min_iou: float = 0.5,
                 minutes: float = 1.0) -> str:
    """Write contact_sheet.png and report.md, and return the report.

    Args:
        store: The labels.
        min_iou: Least IoU of a mask that need not be drawn again, 0 to 1.
        minutes: To draw the mask of one image by hand.
    """
    rows = [row for row in store.rows.values() if row.status != CLEAN]
    rows.sort(key=_worst_first)
    write_png_atomically(store.root / SHEET, draw_sheet(store, rows))
    report = '\n'.join(describe(list(store.rows.values()), min_iou, minutes))
    write_atomically(store.root / REPORT, report + '\n')
    return report


def _worst_first(row: LabelRow) -> tuple:
    return (row.status != REVIEW, row.area is not None, row.quality or 0,
            row.image)


def draw_sheet(store: LabelStore, rows: Sequence[LabelRow]) -> np.ndarray:
    """Draw the overlays of the first rows, with what the table says."""
    tiles = []
    for row in rows[:MAX_TILES]:
        path = Path(store.overlay_path(row))
        picture = read_image(str(path)) if path.exists() else None
        quality = '' if row.quality is None else f' {row.quality:.2f}'
        iou = '' if row.iou is None else f'IoU {row.iou:.2f}'
        tiles.append(Tile(picture, [row.image[-NAME:],
                                    f'{row.status}{quality}', iou]))
    more = ('' if len(rows) <= MAX_TILES else
            f' (the {MAX_TILES} worst of {len(rows)})')
    truth = ', green: ground truth' if any(
        row.iou is not None for row in rows) else ''
    return draw_contact_sheet(
        tiles, f'Worst first{more}. Red: mask{truth}, yellow: prompt; under '
        'the name, status and quality.')


def describe(rows: Sequence[LabelRow], min_iou: float,
             minutes: float) -> list[str]:
    """Return the lines of the report."""
    counts = Counter(row.status for row in rows)
    lines = ['| status | images |', '|---|---|']
    lines += [f'| {status} | {counts[status]} |' for status in STATUSES]
    reasons = Counter(
        row.reason.split(':')[0] for row in rows if row.status == REVIEW)
    if reasons:
        lines += ['', 'For review:', '']
        lines += [f'- {count}: {reason}'
                  for reason, count in reasons.most_common()]
    measured = [row for row in rows if row.iou is not None]
    if measured:
        lines += ['', *_against_truth(measured, min_iou)]
    labelled = [row for row in rows if row.status != CLEAN]
    if labelled:
        lines += ['', *_time_table(labelled, min_iou, minutes)]
    return lines


def _against_truth(rows: Sequence[LabelRow], min_iou: float) -> list[str]:
    """Return lines on the IoU with the ground truth."""
    ious = np.array([row.iou for row in rows])
    good = ious >= min_iou
    accepted = np.array([row.status == ACCEPTED for row in rows])
    lines = [
        f'Against the ground truth of {len(rows)} defective images (an image '
        'without a mask counts as 0):', '',
        f'- IoU: mean {ious.mean():.3f}, median {np.median(ious):.3f}',
        f'- IoU of at least {min_iou:g}: {good.sum()} ({good.mean():.1%})',
    ]
    if accepted.any():
        lines.append(
            f'- of the {accepted.sum()} accepted: mean '
            f'{ious[accepted].mean():.3f}, IoU of at least {min_iou:g}: '
            f'{good[accepted].sum()} ({good[accepted].mean():.1%})')
    return lines


def _time_table(rows: Sequence[LabelRow], min_iou: float,
                minutes: float) -> list[str]:
    """Return a table of the minutes that drawing takes."""
    review = sum(row.status == REVIEW for row in rows)
    cases = [('every mask by hand', len(rows)),
             ('those for review by hand', review)]
    if all(row.iou is not None for row in rows):
        poor = sum(row.iou < min_iou for row in rows)
        cases.append((f'those with an IoU below {min_iou:g} by hand', poor))
    lines = ['| drawing | masks | minutes | saved |', '|---|---|---|---|']
    for title, number in cases:
        saved = (len(rows) - number) * minutes
        lines.append(f'| {title} | {number} | {number * minutes:g} | '
                     f'{saved:g} |')
    return lines
