"""Grains and particles in the page of :mod:`.html_report`."""
import base64
from html import escape
from pathlib import Path

from mmseg_ext.basics.csv_files import read_table

from .class_words import DefectWords, words_of
from .diameter_plot import DIAMETERS
from .grain_size import GrainSize
from .run_record import RunRecord
from .scales import describe_left_out

HEADS = ('Number', 'Cut by the border', 'Mean diameter (µm)', 'Std. dev.',
         'Median', 'Mean area (µm&sup2;)', 'Number per mm&sup2;')
RULE = ('Diameters are those of circles of equal area. Features that the '
        'border of an image cuts are left out of all sizes, and count half in '
        'the number per mm&sup2; of image.')


def features_section(root: Path, record: RunRecord) -> str:
    """Return number, sizes and distribution of features as HTML.

    Args:
        root: Folder of the predictions.
        record: Of the run.

    Returns:
        '' where no image has a known scale.
    """
    table = root / 'features_summary.csv'
    if not table.exists():
        return ''
    words, lines = words_of(record.classes), []
    rows = read_table(table)
    for i in words.shown(record.classes):
        phase, *cells = rows[i].values()
        lines.append(f'<tr><td>{escape(phase)}</td>' + ''.join(
            f'<td>{_short(cell)}</td>' for cell in cells) + '</tr>')
    heads = ''.join(f'<th>{head}</th>' for head in HEADS)
    split = record.settings.get('split_touching') or []
    rule = RULE + (' Features that touch were separated by watershed: '
                   f'{escape(", ".join(split))}.' if split else
                   ' Features that touch are one.')
    return f'''<h2>{"Sizes of defects" if isinstance(words, DefectWords) else
                    "Grains and particles"}</h2>
{_grain_size(root, record, bool(split))}<div class="scroll"><table>
<thead><tr><th>{words.column}</th>{heads}</tr></thead>
<tbody>{"".join(lines)}</tbody></table></div>
<p class="quiet">{rule}</p>
{_picture(root / DIAMETERS)}'''


def _grain_size(root: Path, record: RunRecord, split: bool) -> str:
    table = root / 'grain_size_summary.csv'
    if not table.exists():
        return ''
    row, = read_table(table)
    counts = {key: int(row.pop(key))
              for key in ('n', 'grains_inside', 'grains_cut')}
    phase = row.pop('phase')
    said = GrainSize(phase, **counts, **{
        key: float(cell or 'nan') for key, cell in row.items()})
    text = said.describe(split) + describe_left_out(record.scales)
    return f'<p>{escape(text)}</p>\n'


def _picture(path: Path) -> str:
    if not path.exists():
        return ''
    data = base64.b64encode(path.read_bytes()).decode()
    return ('<p><img style="max-width:100%" alt="Distribution of the '
            f'diameters" src="data:image/png;base64,{data}"></p>')


def _short(cell: str) -> str:
    return f'{float(cell):.4g}' if cell else '&ndash;'
