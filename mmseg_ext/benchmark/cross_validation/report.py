"""The numbers of a cross-validation as tables, pictures and a page."""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import cv2
import numpy as np
from prettytable import PrettyTable

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.csv_files import GrowingTable, number, read_table
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.png_files import write_figure, write_png_atomically
from mmseg_ext.basics.units import mean_units
from mmseg_ext.evaluation import (
    Agreement,
    Interval,
    bland_altman,
    pooled_boundary_iou,
    pooled_intervals,
    pooled_iou,
)
from mmseg_ext.visualization import draw_panel

from ..jobs import WORK_DIR
from .figures import draw_agreement, draw_confusion, draw_folds
from .measured import Measured, mask_path
from .page import Page
from .pool import Pool
from .runs import run_folder

SUMMARY, PAGE = 'summary.csv', 'report.html'
CONFUSION, AGREEMENT, CURVES = 'confusion.png', 'agreement.png', 'curves.png'
WORST = 'worst'
NUM_WORST = 6
WIDTH = 480  # of a picture in a panel, in pixels
COLUMNS = ('class', 'iou_percent', 'iou_low', 'iou_high', 'interval',
           'fraction_bias', 'fraction_bias_low', 'fraction_bias_high',
           'limit_low', 'limit_high', 'mean_absolute_error',
           'boundary_iou_percent', 'boundary_iou_low', 'boundary_iou_high',
           'boundary_interval')


@dataclass(frozen=True)
class Summary:
    """The numbers of all images together.

    Attributes:
        names: Of the classes, and 'mean'.
        iou: Pooled IoU of each, 0 to 100.
        intervals: Their 95 % intervals, in percent.
        agreements: Of the fraction of each class, in percentage points.
        units: How many images, or groups of them, were drawn.
        boundary_iou: The same as ``iou`` of the regions near contours.
        boundary_intervals: Their 95 % intervals, in percent.
    """
    names: tuple[str, ...]
    iou: list[float]
    intervals: list[Interval]
    agreements: list[Agreement]
    units: int
    boundary_iou: list[float]
    boundary_intervals: list[Interval]

    def text(self) -> str:
        """Return the table that a tool prints."""
        table = PrettyTable(['class', 'IoU (%)', '95 % interval',
                             'boundary IoU (%)', 'its interval',
                             'fraction bias (%p)', 'limits of agreement'])
        table.align = 'r'
        table.align['class'] = 'l'
        for i, name in enumerate(self.names):
            low, high, _ = self.intervals[i]
            boundary_low, boundary_high, _ = self.boundary_intervals[i]
            cells = ['', '']
            if i < len(self.agreements):
                found = self.agreements[i]
                cells = [f'{found.bias:+.2f}',
                         f'{found.low:+.2f} to {found.high:+.2f}']
            table.add_row([
                name, f'{self.iou[i]:.2f}', f'{low:.2f} to {high:.2f}',
                f'{self.boundary_iou[i]:.2f}',
                f'{boundary_low:.2f} to {boundary_high:.2f}',
                *cells], divider=i == len(self.agreements) - 1)
        return table.get_string()

    def write(self, path: Path) -> None:
        """Write the table as CSV."""
        rows = []
        for i, name in enumerate(self.names):
            row = [name, *_cells(self.iou[i], self.intervals[i])]
            if i < len(self.agreements):
                found = self.agreements[i]
                row += [number(value, 4) for value in (
                    found.bias, found.bias - found.bias_half,
                    found.bias + found.bias_half, found.low, found.high,
                    found.error)]
            last = _cells(self.boundary_iou[i], self.boundary_intervals[i])
            rows.append([*row, *[''] * (len(COLUMNS) - len(row) - len(last)),
                         *last])
        GrowingTable(path, COLUMNS).write(rows)


def _cells(value: float, interval: Interval) -> list[str]:
    low, high, method = interval
    return [number(value, 3), number(low, 3), number(high, 3), method]


def summarize(measured: Measured) -> Summary:
    """Return the pooled numbers and how sure they are.

    IoU, and Boundary IoU, is that of all pixels together, of each seed,
    averaged over seeds; its interval draws groups of images anew. Fractions
    are compared image by image; groups count once.
    """
    found = []
    for pooled, counts in ((pooled_iou, measured.confusion),
                           (pooled_boundary_iou, measured.boundaries)):
        found += [(100 * pooled(counts)).tolist(),
                  [Interval(100 * low, 100 * high, method)
                   for low, high, method in pooled_intervals(
                       pooled, counts, measured.groups)]]
    pooled, intervals, boundary, boundary_intervals = found
    true, predicted = (
        100 * mean_units(values, measured.groups)
        for values in (measured.true_fractions, measured.predicted_fractions))
    return Summary(
        (*measured.classes, 'mean'), pooled, intervals,
        [bland_altman(predicted[:, i], true[:, i])
         for i in range(len(measured.classes))], len({*measured.groups}),
        boundary, boundary_intervals)


def write_results(root: Path, measured: Measured, pool: Pool,
                  num_folds: int) -> Summary:
    """Write tables, pictures and ``report.html`` to a folder of results.

    Args:
        root: The folder.
        measured: What the models got right.
        pool: The images.
        num_folds: How many folds there are.

    Returns:
        What the tool prints of them.
    """
    summary = summarize(measured)
    measured.write(root)
    summary.write(root / SUMMARY)
    pictures = {CONFUSION: draw_confusion(
        measured.confusion.sum((0, 1)), measured.classes)}
    pictures[AGREEMENT] = draw_agreement(
        100 * measured.true_fractions, 100 * measured.predicted_fractions,
        summary.agreements, measured.classes)
    curves = {fold: lines for fold in range(num_folds)
              if (lines := _read_curves(root, fold, measured.seeds))}
    if curves:
        pictures[CURVES] = draw_folds(curves)
    files = {name: write_figure(root / name, figure)
             for name, figure in pictures.items()}
    write_atomically(root / PAGE, Page(
        measured, summary, files, _write_worst(root, measured, pool),
        num_folds).render())
    return summary


def worst_images(measured: Measured, count: int = NUM_WORST) -> list[int]:
    """Return the numbers of the images of the lowest mIoU, worst first."""
    order = np.argsort(measured.image_iou[:, -1], kind='stable')
    return order[:count].tolist()


def _write_worst(root: Path, measured: Measured, pool: Pool
                 ) -> dict[int, np.ndarray]:
    """Write a panel of each of the worst images; number -> panel."""
    folder = root / WORST
    if folder.is_dir():  # of fewer folds, or other seeds
        for path in folder.glob('*.png'):
            path.unlink()
    panels = {}
    for place, i in enumerate(worst_images(measured)):
        name = measured.names[i]
        masks = {_title(measured.seeds, seed): decode_mask(
            str(mask_path(root, seed, name))) for seed in measured.seeds[:2]}
        image, um = pool.image(name), pool.um_per_pixel(name)
        size = (WIDTH, max(1, round(WIDTH * image.shape[0] / image.shape[1])))
        truth, *predicted = (
            cv2.resize(labels.astype(np.uint8), size,
                       interpolation=cv2.INTER_NEAREST)
            for labels in (pool.truth(name), *masks.values()))
        panels[i] = draw_panel(
            cv2.resize(image, size, interpolation=cv2.INTER_AREA), truth,
            dict(zip(masks, predicted)), measured.classes, measured.palette,
            um and um * image.shape[1] / WIDTH)
        write_png_atomically(
            folder / f'{place + 1}_{name.replace("/", "_")}.png', panels[i])
    return panels


def _title(seeds: Sequence[int], seed: int) -> str:
    return 'prediction' + f' (seed {seed})' * (len(seeds) > 1)


def _read_curves(root: Path, fold: int, seeds: Sequence[int]
                 ) -> list[dict[str, float]]:
    lines = []
    for seed in seeds:
        path = run_folder(root, fold, seed) / WORK_DIR / 'curves.csv'
        if not path.is_file():
            continue
        for row in read_table(path):
            mean = next((key for key in row if key.split('/')[-1] == 'mIoU'),
                        None)
            lines.append({
                'iteration': _float(row.get('iteration')),
                'loss': _float(row.get('loss')),
                'val_loss': _float(row.get('val_loss')),
                'mIoU': _float(mean and row[mean])})
    return lines


def _float(cell: Optional[str]) -> float:
    return float(cell) if cell else math.nan
