"""Good and defective images in the page of :mod:`.html_report`."""
import math
from collections.abc import Sequence
from html import escape
from typing import Optional

PROBABILITIES = (
    'The score is the highest probability of a defect that the model gives to '
    'any pixel of the image, 0 to 1; it is no probability that the part is '
    'bad.')
MARGINS = (
    'The score is by how much the most suspicious pixel of the image lies '
    'above the threshold, or, if it is negative, below it.')


def defect_table(names: Sequence[str], percents: Sequence[float],
                 scores: Sequence[float], margins: bool = False,
                 max_rows: Optional[int] = None) -> str:
    """Return the images as HTML, the most suspicious first.

    Args:
        names: Of the images.
        percents: Area of the defects in each, 0 to 100.
        scores: Highest probability of a defect in each, 0 to 1; nan where an
            earlier version predicted it.
        margins: The scores are those of :class:`.MarginScore` instead.
        max_rows: So many images at most; None: all.
    """
    order = sorted(range(len(names)), key=lambda i: (
        percents[i] <= 0, -_known(scores[i]), -percents[i], names[i]))
    score = MARGINS if margins else PROBABILITIES
    rows = ''.join(
        f'<tr><td class="name">{escape(names[i])}</td>'
        f'<td>{"<b>defective</b>" if percents[i] > 0 else "good"}</td>'
        f'<td>{write_score(scores[i]) or "&ndash;"}</td>'
        f'<td>{percents[i]:.2f}</td></tr>\n' for i in order[:max_rows])
    rest = describe_rest('The {} most suspicious', len(names), max_rows)
    return f'''<h2>Defective and good images</h2>
<p class="quiet">{score} A good image with a high score is worth a look.</p>
{rest}<div class="scroll"><table>
<thead><tr><th>Image</th><th></th><th>Score</th><th>Area of defects (%)</th>
</tr></thead>
<tbody>
{rows}</tbody></table></div>'''


def describe_rest(which: str, number: int, max_rows: Optional[int]) -> str:
    """Say as HTML that a table leaves images out; '' if it has all.

    Args:
        which: Those that it has, in words with {} for their number.
        number: Of all images.
        max_rows: So many it has at most; None: all.
    """
    if max_rows is None or number <= max_rows:
        return ''
    return (f'<p class="quiet">{which.format(max_rows)} of {number} images; '
            'all are in images.csv and phases.csv.</p>\n')


def write_score(score: float) -> str:
    """Write a score so that nothing below 1 reads 1; nan as nothing."""
    return '' if math.isnan(score) else f'{math.floor(1e4 * score) / 1e4:.4f}'


def _known(score: float) -> float:
    return 0.0 if math.isnan(score) else score
