"""A cross-validation as one page to mail."""
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from mmseg_ext.basics.html_page import PAGE
from mmseg_ext.basics.html_pictures import file_address, jpeg_address
from mmseg_ext.basics.printable import counted
from mmseg_ext.version import __version__

from .measured import Measured

if TYPE_CHECKING:
    from .report import Summary

SIDE = 2000  # of a panel, in pixels; smaller ones stay as they are
SCALE = 0.65  # of a drawing's pixels to those of the page
CAPTIONS = {
    'confusion.png': ('Confusion', 'Of the pixels of each true class, how '
                      'many were predicted as what.'),
    'agreement.png': ('Agreement of fractions', 'A dot an image: how far its '
                      'predicted fraction is off. Blue: the bias and its '
                      '95 % interval; dashed: the limits between which 95 % '
                      'of images are expected (bias &plusmn; 1.96 standard '
                      'deviations; Bland and Altman, 1986).'),
    'curves.png': ('Learning curves', 'The last checkpoint counts, whatever '
                   'the curves say: nothing was chosen by the images that '
                   'judge.'),
}


@dataclass(frozen=True)
class Page:
    """All that a page tells.

    Attributes:
        measured: The numbers of each image.
        summary: Those of all together.
        pictures: Name of a file -> its content, PNG.
        panels: Number of an image -> image | truth | prediction.
        num_folds: How many folds there are.
    """
    measured: Measured
    summary: 'Summary'
    pictures: Mapping[str, bytes]
    panels: Mapping[int, np.ndarray]
    num_folds: int

    def render(self) -> str:
        """Return the page, which needs no other file and no network."""
        title = escape(f'Cross-validation of {self.measured.config}')
        seeds = len(self.measured.seeds)
        notes = ''.join(f'<div class="notice">{escape(note)}</div>'
                        for note in self.measured.notes)
        return PAGE.substitute(title=title, opacity=1, body='\n'.join([
            f'<h1>{title}</h1>',
            f'<p class="quiet">'
            f'{counted(len(self.measured.names), "image")}, '
            f'{self.num_folds} folds, {counted(seeds, "seed")}, '
            f'{date.today().isoformat()}</p>', notes, self._summary(),
            *(self._drawing(name) for name in CAPTIONS
              if name in self.pictures), self._worst(), self._table(),
            self._settings()]))

    def _label(self, class_id: int) -> str:
        colour = 'rgb({}, {}, {})'.format(*self.measured.palette[class_id])
        return (f'<i class="swatch" style="background:{colour}"></i>'
                f'{escape(self.measured.classes[class_id])}')

    def _summary(self) -> str:
        rows = []
        for i, value in enumerate(self.summary.iou):
            low, high, method = self.summary.intervals[i]
            last = i == len(self.measured.classes)
            cells = ['Mean' if last else self._label(i), _number(value),
                     _range(low, high) + '*' * (method != 'BCa')]
            low, high, method = self.summary.boundary_intervals[i]
            cells += [_number(self.summary.boundary_iou[i]),
                      _range(low, high) + '*' * (method != 'BCa')]
            if last:
                cells += [''] * 3
            else:
                found = self.summary.agreements[i]
                bias = f'{found.bias:+.2f}'
                if not math.isnan(found.bias_half):
                    ends = _range(found.bias - found.bias_half,
                                  found.bias + found.bias_half, '+')
                    bias += f' ({ends})'
                cells += [bias, _range(found.low, found.high, '+'),
                          _number(found.error)]
            rows.append('<tr>' + ''.join(f'<td>{cell}</td>'
                                         for cell in cells) + '</tr>')
        units = self.summary.units
        drawn = 'images' if units == len(self.measured.names) else (
            f'{units} groups of images that belong together')
        lines = [
            'Every image was predicted by a model that has not seen it. IoU '
            'is that of all pixels together'
            + (', averaged over the seeds' if len(self.measured.seeds) > 1
               else '')
            + f'; its interval draws {drawn} anew (bootstrap, BCa). Boundary '
            'IoU is the same of what lies near contours, within 2 % of the '
            'image&rsquo;s diagonal (Cheng et al., 2021). Bias and '
            'limits are of the area fraction of a class in an image, in '
            'percentage points.']
        if any(found.method != 'BCa' for found in (
                *self.summary.intervals, *self.summary.boundary_intervals)):
            lines.append('* Some draws have no image of the class: the '
                         'percentile interval of the others.')
        if units < 10:
            lines.append(f'{units} units are few: take the intervals for a '
                         'rough guess.')
        quiet = ''.join(f'<p class="quiet">{line}</p>' for line in lines)
        return f'''<h2>All images together</h2>
<div class="scroll"><table>
<thead><tr><th>Class</th><th>IoU (%)</th><th>95&nbsp;% interval</th>
<th>Boundary IoU (%)</th><th>95&nbsp;% interval</th>
<th>Bias of the fraction (95&nbsp;% interval)</th>
<th>Limits of agreement</th><th>Mean absolute error</th></tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>
{quiet}'''

    def _drawing(self, name: str) -> str:
        heading, caption = CAPTIONS[name]
        content = self.pictures[name]
        width = round(SCALE * int.from_bytes(content[16:20], 'big'))
        return (f'<h2>{heading}</h2><figure class="drawing"><img '
                f'src="{file_address(content, "png")}" width="{width}" '
                f'alt="{heading}"><figcaption>{caption}</figcaption>'
                '</figure>')

    def _worst(self) -> str:
        figures = []
        for i, panel in self.panels.items():
            values = self.measured.image_iou[i]
            classes = ' '.join(
                f'<span>{self._label(k)} {_number(100 * values[k], 1)}</span>'
                for k in range(len(self.measured.classes)))
            figures.append(
                '<figure class="drawing"><img src="'
                f'{jpeg_address(panel, SIDE)}" alt="">'
                f'<figcaption><b>{escape(self.measured.names[i])}</b> mIoU '
                f'{_number(100 * values[-1], 1)} %<br>IoU: {classes}'
                '</figcaption></figure>')
        return f'<h2>Worst images</h2>{"".join(figures)}'

    def _table(self) -> str:
        heads = ''.join(f'<th>{self._label(k)}</th>'
                        for k in range(len(self.measured.classes)))
        grouped = self.summary.units < len(self.measured.names)
        rows = []
        for i, name in enumerate(self.measured.names):
            values = self.measured.image_iou[i]
            cells = [self.measured.groups[i]] if grouped else []
            cells = [*map(escape, cells), str(self.measured.folds[i] + 1),
                     _number(100 * values[-1], 1),
                     *(_number(100 * value, 1) for value in values[:-1])]
            rows.append(f'<tr><td class="name">{escape(name)}</td>'
                        + ''.join(f'<td>{cell}</td>' for cell in cells)
                        + '</tr>')
        group = '<th>Group</th>' * grouped
        return f'''<h2>All images</h2>
<p class="quiet">IoU in percent; &ndash; where the image has no pixel of the
class, true or predicted.</p>
<div class="scroll"><table>
<thead><tr><th>Image</th>{group}<th>Fold</th><th>mIoU</th>{heads}</tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody></table></div>'''

    def _settings(self) -> str:
        lines = {
            'Config': self.measured.config,
            'Folds': f'{self.num_folds}; the lists are in folds, the '
            'predictions in masks',
            'Seeds': ', '.join(map(str, self.measured.seeds)) + (
                '; one mask of each, numbers averaged over them'
                if len(self.measured.seeds) > 1 else ''),
            'Checkpoint': 'the last of each training',
            'mmseg_ext': __version__,
        }
        rows = ''.join(f'<dt>{escape(key)}</dt><dd>{escape(value)}</dd>'
                       for key, value in lines.items())
        return f'<h2>How it was made</h2>\n<dl>{rows}</dl>'


def _number(value: float, digits: int = 2) -> str:
    return '&ndash;' if math.isnan(value) else f'{value:.{digits}f}'


def _range(low: float, high: float, sign: str = '') -> str:
    if math.isnan(low):
        return '&ndash;'
    return f'{low:{sign}.2f} to {high:{sign}.2f}'
