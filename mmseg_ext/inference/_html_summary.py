"""The table of fractions in the page of :mod:`.html_report`."""
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mmseg_ext.basics.csv_files import number
from mmseg_ext.basics.phase_fractions import FEW, write_interval
from mmseg_ext.basics.printable import counted

from .class_words import DefectWords, PhaseWords
from .phase_uncertainty import PhaseUncertainty
from .phases import PhaseSummary

SAMPLING = ('It tells how far the mean may be off because images differ. What '
            'the model gets wrong in every image is not in it')


@dataclass(frozen=True)
class SummaryTable:
    """Fractions of the classes that are told of, and what they mean.

    Attributes:
        labels: Names of the classes, as HTML.
        words: What they are called.
        summary: Of each.
        uncertainties: Of each, by a validation; none without one.
    """
    labels: Sequence[str]
    words: PhaseWords
    summary: Sequence[PhaseSummary]
    uncertainties: Sequence[PhaseUncertainty] = ()

    def render(self) -> str:
        """Return the table and its explanation as HTML."""
        if self.uncertainties:
            heads = ['Fraction (%)', '95&nbsp;% interval (%)',
                     'Rel. acc. (%)']
            rows = [[number(row.fraction_percent, 2), row.write_interval(),
                     number(row.relative_accuracy_percent, 1)]
                    for row in self.uncertainties]
        else:
            heads = ['Mean (%)', '95&nbsp;% CI (%)', 'Std. dev.',
                     'Rel. acc. (%)']
            rows = [[number(row.mean_percent, 2),
                     write_interval(row.mean_percent, row.ci95_percent),
                     number(row.std_percent, 2),
                     number(row.relative_accuracy_percent, 1)]
                    for row in self.summary]
        if isinstance(self.words, DefectWords):
            heads.pop()
        lines = ''.join(
            f'<tr><td>{label}</td>' + ''.join(
                f'<td>{cell or "&ndash;"}</td>'
                for cell, _ in zip(cells, heads)) + '</tr>'
            for label, cells in zip(self.labels, rows))
        quiet = ''.join(f'<p class="quiet">{line}</p>'
                        for line in self._explanation())
        return f'''<div class="scroll"><table>
<thead><tr><th>{self.words.column}</th>{
    "".join(f"<th>{head}</th>" for head in heads)}</tr></thead>
<tbody>{lines}</tbody></table></div>
{quiet}'''

    def _explanation(self) -> list[str]:
        n = self.summary[0].n
        rows = self.uncertainties or self.summary
        limits = [escape(line) for line in self.words.limits(rows)]
        if n < 2:
            return limits
        if self.uncertainties:
            return ['The interval holds the spread between images and what '
                    'the model gets wrong; see below where it comes from. A '
                    'dot is an image as predicted.', *limits]
        if isinstance(self.words, DefectWords):
            few = n < FEW
            return ['The interval is of the mean over all images, good ones '
                    f'included (Student&rsquo;s t). {SAMPLING}.'
                    + f' {counted(n, "image is", "images are")} few for it.'
                    * few]
        return ['The interval is t(0.975, n &minus; 1) &middot; s / &radic;n '
                f'with n = {n} around the mean, as in ASTM E562 and E1245, '
                f'and within 0 to 100 %. {SAMPLING}: a cross-validation '
                'tells it (--validation).', *limits]


def summary_of(rows: Sequence[Mapping[str, str]]) -> list[PhaseSummary]:
    """Return the lines of ``phases_summary.csv``."""
    return [PhaseSummary(row['phase'], int(row['n']), **{
        key: float(value) if value else math.nan
        for key, value in row.items() if key not in ('phase', 'n')})
        for row in rows]
