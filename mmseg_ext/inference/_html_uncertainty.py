"""The model's error in the page of :mod:`.html_report`."""
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from mmseg_ext.basics.csv_files import number, read_table

from .phase_uncertainty import PhaseUncertainty, describe_uncertainty
from .result_store import UNCERTAINTIES

CORRECTIONS = dict(
    none='Fractions are as predicted: the bias is shown, and not removed.',
    bias='The bias was taken off the fractions.',
    confusion='Fractions are corrected by the confusion matrix of the '
    'validation: what was predicted as a phase is dealt out to the phases '
    'that such predictions truly were.')


def read_uncertainties(root: Path) -> list[PhaseUncertainty]:
    """Read what a run with a validation has left; none without one."""
    path = root / UNCERTAINTIES
    if not path.exists():
        return []
    found = []
    for row in read_table(path):
        texts = {key: row.pop(key) for key in ('phase', 'correction')}
        counts = {key: int(row.pop(key)) for key in ('n', 'm')}
        found.append(PhaseUncertainty(**texts, **counts, **{
            key: float(cell or 'nan') for key, cell in row.items()}))
    return found


def uncertainty_section(rows: Sequence[PhaseUncertainty],
                        labels: Sequence[str], column: str,
                        validation: Mapping) -> str:
    """Return where the intervals come from, as HTML.

    Args:
        rows: The phases that are told of.
        labels: Their names as HTML.
        column: Head of the names.
        validation: Of the record of the run.
    """
    lines = []
    for row, label in zip(rows, labels):
        cells = [
            number(row.u_fields, 2), number(row.u_model, 2),
            number(row.u_percent, 2), number(row.coverage_factor, 2),
            row.describe_source(), f'{row.bias_percent:+.2f} '
            f'({row.bias_low:+.2f} to {row.bias_high:+.2f})',
            row.describe_bias()]
        lines.append(f'<tr><td>{label}</td>' + ''.join(
            f'<td>{cell or "&ndash;"}</td>' for cell in cells) + '</tr>')
    first = rows[0]
    notices = ''.join(
        f'<div class="notice">{escape(line)}</div>' for line in [
            *describe_uncertainty(rows), *(validation.get('remarks') or [])])
    folder = escape(str(validation.get('folder', '')))
    return f'''<h2>Where the intervals come from</h2>
{notices}<p>Two things make a fraction uncertain. <b>Images differ</b>:
{first.n} were measured, and others would have given other fractions. <b>The
model errs</b>, and not by the same in every image. How much it errs was seen
in {first.m} validated images (those that belong together count as one): each
was predicted by a model that had not learnt from it, and compared with its
ground truth (cross-validation {folder}).</p>
<div class="scroll"><table>
<thead><tr><th>{column}</th><th>Images differ</th><th>The model errs</th>
<th>Together (u)</th><th>k</th><th>Most of it</th>
<th>Bias (95&nbsp;% interval)</th><th>On average</th></tr></thead>
<tbody>{"".join(lines)}</tbody></table></div>
<p class="quiet">Standard uncertainties in percentage points; u&sup2; is the
sum of the squares of the two terms, and the interval is the fraction &plusmn;
k &middot; u with k of Student&rsquo;s t (JCGM 100:2008, the GUM); where that
would leave 0 to 100 %, on the logit scale. More images make the first term
smaller and, of the second, the part that averages out; more labelled images,
or a better model, the rest. The bias is how much more than there is the model
finds on average; it is significant where its interval leaves 0 out.
{CORRECTIONS[first.correction]} All this holds for images like the validated
ones.</p>'''
