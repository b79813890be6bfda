"""Predictions as one page to mail: pictures, phase fractions, settings."""
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import Optional

from mmseg_ext.basics import decode_image, read_image, write_atomically
from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.basics.html_page import CONTROLS, PAGE
from mmseg_ext.basics.html_pictures import jpeg_address, png_address
from mmseg_ext.basics.printable import counted, name_some
from mmseg_ext.basics.scale_bar import scale_bar

from ._html_defects import defect_table, describe_rest
from ._html_features import features_section
from ._html_plot import PlotRow, draw_plot
from ._html_summary import SummaryTable, summary_of
from ._html_uncertainty import read_uncertainties, uncertainty_section
from .class_words import DefectWords, words_of
from .defect_score import DefectScore, MarginScore
from .phase_uncertainty import PhaseUncertainty
from .phases import PhaseSummary
from .run_record import RunRecord
from .scales import describe_scales

REPORT = 'report.html'
# Beyond these, a page is too large to mail and to open.
MAX_PICTURES = 40
MAX_ROWS = 1000  # of the table of images
MAX_REASONS = 100  # why images were not predicted
OPACITY = 40  # of the overlay at first, in percent
LABELS = dict(
    crop_bottom='Rows cut off the lower edge',
    um_per_pixel='Size of a pixel',
    min_area='Smallest feature (pixels)',
    grain_size='Grain size of',
    split_touching='Touching features separated in',
    checkpoint_sha256='SHA-256 of the checkpoint',
    transforms='Transforms before the network',
    test_mode='The config tests in',
    tiling='Tiles')
TILING = dict(auto='large images only', whole='none')


@dataclass(frozen=True)
class ReportEntry:
    """An image of a report.

    Attributes:
        name: What it is called.
        image: Its file; it may have rows below the mask, which are cut off.
        mask: File of its class ids.
        percent: Fraction of each class, 0 to 100.
        um_per_pixel: Side of a pixel in micrometres; nan: not known.
    """
    name: str
    image: Path
    mask: Path
    percent: Sequence[float]
    um_per_pixel: float = math.nan


@dataclass(frozen=True)
class Report:
    """All that a page tells.

    Attributes:
        name: Of the folder of predictions.
        classes: Names of the classes, in the order of their ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        entries: The images.
        summary: Of each class, in the same order.
        settings: What the predictions were made with, in words; a list has
            a line for each of its entries.
        failures: Name of an image that has no prediction -> why.
        notes: Further sentences to draw attention to.
        bit_depth: Significant bits of 16-bit images; None: all.
        max_pictures: Of so many images the picture is in the page.
        features: What is told of grains and particles, as HTML.
        uncertainties: Of the classes, by a validation; none without one.
        validation: Of the record of the run.
        scores: Of the images, how much each looks defective, 0 to 1; none
            where the model knows no defects.
        base: Class that is not coloured over the images; None: all are.
        margins: Whether the scores are of :class:`.MarginScore`.
    """
    name: str
    classes: Sequence[str]
    palette: Sequence[Sequence[int]]
    entries: Sequence[ReportEntry]
    summary: Sequence[PhaseSummary]
    settings: Mapping[str, str | Sequence[str]]
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    bit_depth: Optional[int] = None
    max_pictures: int = MAX_PICTURES
    features: str = ''
    uncertainties: Sequence[PhaseUncertainty] = ()
    validation: Mapping = field(default_factory=dict)
    scores: Sequence[float] = ()
    base: Optional[int] = None
    margins: bool = False

    def render(self) -> str:
        """Return the page, which needs no other file and no network.

        Raises:
            OSError: If a mask cannot be opened.
            ValueError: If a mask cannot be read, or holds other values than
                the classes.
        """
        title = escape(f'{self._words.title} {self.name}')
        parts = [
            f'<h1>{title}</h1>',
            f'<p class="quiet">{counted(len(self.entries), "image")}, '
            f'{self._words.count(self.classes, self._percents)}, '
            f'{date.today().isoformat()}</p>',
            self._notices(),
        ]
        if self.entries:
            parts += [self._summary(), self._uncertainty(), self.features]
            last = [self._pictures(), self._table()]
            # of products the verdicts are the result
            parts += (reversed(last) if isinstance(self._words, DefectWords)
                      else last)
        parts.append(self._settings())
        return PAGE.substitute(
            title=title, opacity=OPACITY / 100,
            body='\n'.join(parts))

    @property
    def _words(self):
        return words_of(self.classes)

    @property
    def _percents(self) -> list[Sequence[float]]:
        return [entry.percent for entry in self.entries]

    def _notices(self) -> str:
        lines = [f'<li><b>{escape(name)}</b>: {escape(reason)}</li>'
                 for name, reason in self.failures.items()]
        number = len(lines)
        if number > MAX_REASONS:
            lines[MAX_REASONS:] = [
                f'<li>and {number - MAX_REASONS} more, see run.json</li>']
        failed = (f'{counted(number, "image")} could not be predicted and '
                  f'{"is" if number == 1 else "are"} in no number below:'
                  f'<ul>{"".join(lines)}</ul>')
        texts = [failed] * bool(lines) + [escape(note) for note in self.notes]
        return '\n'.join(f'<div class="notice">{text}</div>'
                         for text in texts)

    def _label(self, class_id: int) -> str:
        return _swatch(self.palette[class_id]) + escape(
            self.classes[class_id])

    def _summary(self) -> str:
        words = self._words
        shown = words.shown(self.classes)
        summary = SummaryTable(
            [self._label(i) for i in shown], words,
            [self.summary[i] for i in shown],
            [self.uncertainties[i] for i in shown
             if self.uncertainties])
        found = [f'<p>{escape(line)}</p>' for line in words.describe(
            [entry.name for entry in self.entries], self._percents)]
        return f'''<h2>{words.heading}</h2>
{"".join(found)}<div class="summary">
<div>{summary.render()}</div>
<div class="plot">{self._plot()}</div>
</div>'''

    def _plot(self) -> str:
        names = [entry.name for entry in self.entries]
        rows, meanings = [], ()
        for i in self._words.shown(self.classes):
            mean, ends = (self.summary[i].mean_percent,
                          self.summary[i].interval)
            if self.uncertainties:
                told = self.uncertainties[i]
                mean, ends = told.fraction_percent, (
                    told.low_percent, told.high_percent)
                meanings = ('the fraction', 'its 95 % interval with the '
                            "model's error")
            rows.append(PlotRow(
                self.classes[i], self.palette[i],
                [percent[i] for percent in self._percents], mean, ends))
        return draw_plot(self._words.heading, names, rows, *meanings)

    def _uncertainty(self) -> str:
        if not self.uncertainties:
            return ''
        shown = self._words.shown(self.classes)
        return uncertainty_section(
            [self.uncertainties[i] for i in shown],
            [self._label(i) for i in shown], self._words.column,
            self.validation)

    def _pictures(self) -> str:
        shown = self.entries[:self.max_pictures]
        number = len(self.entries)
        note = (f'<p class="quiet">The first {len(shown)} of {number} images; '
                'all are in images.csv.</p>' if number > len(shown) else '')
        legend = ''.join(
            f'<li>{self._label(i)}{" (not coloured)" * (i == self.base)}</li>'
            for i in self._words.shown(self.classes))
        controls = CONTROLS.substitute(percent=OPACITY)
        figures = '\n'.join(self._figure(entry) for entry in shown)
        return f'''<h2>Pictures</h2>
{note}<div class="bar"><ul class="legend">{legend}</ul>{controls}</div>
<div class="pictures">
{figures}
</div>'''

    def _figure(self, entry: ReportEntry) -> str:
        mask = decode_image(Path(entry.mask).read_bytes(), str(entry.mask))
        if mask.ndim != 2 or mask.max() >= len(self.classes):
            raise ValueError(
                f'{entry.mask} is no mask of {len(self.classes)} classes: '
                f'{mask.ndim} dimensions, values up to {mask.max()}')
        missing = ''
        try:
            image = read_image(str(entry.image), self.bit_depth)
            layers = [jpeg_address(image[:mask.shape[0]]),
                      png_address(mask, self.palette, self.base)]
        except (OSError, ValueError) as error:
            layers = [png_address(mask, self.palette)]
            missing = f'<br>Without the image: {escape(str(error))}'
        alternatives = [f'Image {escape(entry.name)}', '']
        pictures = ''.join(
            f'<img class="{kind}" src="{source}" alt="{alternative}">'
            for kind, source, alternative in zip(
                ('photo', 'mask')[-len(layers):], layers, alternatives))
        fractions = ' '.join(
            f'<span>{self._label(i)} {entry.percent[i]:.1f} %</span>'
            for i in self._words.shown(self.classes))
        scale = _scale(mask.shape[1], entry.um_per_pixel)
        return (f'<figure><div class="layers">{pictures}</div>{scale}'
                '<figcaption>'
                f'<b>{escape(entry.name)}</b><br>{fractions}{missing}'
                '</figcaption></figure>')

    def _table(self) -> str:
        if isinstance(self._words, DefectWords):
            return defect_table(
                [entry.name for entry in self.entries],
                [percent[1] for percent in self._percents], self.scores,
                self.margins, MAX_ROWS)
        shown = self._words.shown(self.classes)
        heads = ''.join(f'<th>{self._label(i)} (%)</th>' for i in shown)
        rows = []
        for entry in self.entries[:MAX_ROWS]:
            cells = ''.join(f'<td>{entry.percent[i]:.2f}</td>'
                            for i in shown)
            rows.append(
                f'<tr><td class="name">{escape(entry.name)}</td>'
                f'<td class="fractions">{self._fractions(entry.percent)}</td>'
                f'{cells}</tr>')
        rest = describe_rest('The first {}', len(self.entries), MAX_ROWS)
        return f'''<h2>All images</h2>
{rest}<div class="scroll"><table>
<thead><tr><th>Image</th><th></th>{heads}</tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody></table></div>'''

    def _fractions(self, percents: Sequence[float]) -> str:
        """Draw the fractions of one image, side by side."""
        left, parts = 0.0, []
        for percent, colour in zip(percents, self.palette):
            parts.append(f'<rect x="{left:.3f}%" width="{percent:.3f}%" '
                         'height="14" fill="rgb({}, {}, {})"/>'.format(
                             *colour))
            left += percent
        return ('<svg height="14" aria-hidden="true">'
                f'{"".join(parts)}<rect width="100%" height="14" '
                'fill="none" stroke="#1d232b" stroke-opacity=".45"/></svg>')

    def _settings(self) -> str:
        rows = []
        for key, value in self.settings.items():
            lines = [value] if isinstance(value, str) else value
            rows.append(f'<dt>{escape(key)}</dt>'
                        f'<dd>{"<br>".join(map(escape, lines))}</dd>')
        return f'<h2>How it was made</h2>\n<dl>{"".join(rows)}</dl>'


def write_html_report(root: str | Path,
                      max_pictures: int = MAX_PICTURES) -> Path:
    """Write ``report.html`` into a folder of predictions.

    Args:
        root: Folder that ``tools/predict.py`` has filled.
        max_pictures: Of so many images the picture is in the page; the
            others are in its table.

    Returns:
        The page's file.

    Raises:
        FileNotFoundError: If the folder holds no predictions.
        ValueError: If a file in it cannot be read.
    """
    root = Path(root)
    record = RunRecord.read(root)
    percents: dict[str, list[float]] = {}
    for row in read_table(root / 'phases.csv'):
        percents.setdefault(row['image'], []).append(
            float(row['fraction_percent']))
    rows = read_table(root / 'images.csv')
    entries = [
        ReportEntry(row['image'], Path(row['file']),
                    root / 'masks' / f'{row["image"]}.png',
                    percents[row['image']],
                    float(row.get('um_per_pixel') or 'nan'))
        for row in rows
    ]
    margins = bool(rows and MarginScore.column in rows[0])
    score = MarginScore if margins else DefectScore
    scores = [float(row.get(score.column) or 'nan') for row in rows]
    summary = summary_of(
        read_table(root / 'phases_summary.csv') if entries else ())
    notes = []
    if record.bands:
        notes.append(
            'These images look as if they had an information band at the '
            'lower edge, which was counted as material (crop it with '
            f'--crop-bottom): {name_some(list(record.bands))}')
    base = (record.classes.index(record.base_phase)
            if record.base_phase in record.classes else None)
    page = Report(
        root.resolve().name, record.classes,
        record.palette, entries, summary, _words(record), record.failures,
        notes, record.settings.get('bit_depth'), max_pictures,
        features_section(root, record),
        read_uncertainties(root) if entries else (), record.validation,
        scores, base, margins).render()
    write_atomically(root / REPORT, page)
    return root / REPORT


def _words(record: RunRecord) -> dict[str, str | list[str]]:
    """Return the settings of a run, the most important first."""
    settings = dict(record.settings)
    words = {
        'Weights': record.weights,
        'SHA-256 of the weights': settings.pop('weights_sha256', ''),
        'Images from': settings.pop('inputs', []),
    }
    tiling = settings.get('tiling')
    settings['tiling'] = TILING.get(tiling) if isinstance(tiling, str) else (
        tiling and '{} x {} pixels, overlapping by {} x {}'.format(
            *tiling['tile'], *tiling['overlap']))
    settings['um_per_pixel'] = describe_scales(
        record.scales) or settings.get('um_per_pixel')
    if record.validation:
        settings['validation'] = [
            f'{record.validation["folder"]} ({record.validation["config"]})',
            f'correction: {record.validation["correction"]}',
            f'SHA-256 of its confusions: '
            f'{record.validation["confusions_sha256"]}']
    for key, value in settings.items():
        if value not in (None, ''):
            words[LABELS.get(key) or key.replace('_', ' ').capitalize()] = (
                value if isinstance(value, list) else str(value))
    words['Versions'] = ', '.join(
        f'{name} {version}' for name, version in record.versions.items())
    return words


def _scale(width: int, um_per_pixel: float) -> str:
    """Draw a scale bar for a picture so many pixels wide."""
    if math.isnan(um_per_pixel):
        return ''
    bar = scale_bar(width, um_per_pixel)
    return (f'<div class="scale"><div style="width:'
            f'{100 * bar.length / width:.3f}%"></div>{bar.label}</div>')


def _swatch(colour: Sequence[int]) -> str:
    return ('<i class="swatch" style="background:'
            'rgb({}, {}, {})"></i>'.format(*colour))
