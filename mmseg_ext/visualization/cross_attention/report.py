"""An inspection as tables on the screen and as CSV files."""
import math
from pathlib import Path

from prettytable import PrettyTable

from mmseg_ext.basics.csv_files import GrowingTable, number
from mmseg_ext.basics.printable import counted

from .inspection import AS_IS, Inspection
from .recording import SOME

PAIRS, CHANGED = 'pairs.csv', 'changes.csv'
# Column of pairs.csv -> heading, and its digits.
MEASURES = {
    'heads': ('heads', 0),
    'log_keys': ('log keys', 2),
    'entropy': ('entropy', 2),
    'entropy_p5': ('5 %', 2),
    'entropy_p95': ('95 %', 2),
    'entropy_fraction': ('entropy / log keys', 3),
    'norm_ratio': ('|result| / |map|', 3),
    'varying_ratio': ('the same, without means', 3),
    'varying_fraction': ('result that varies', 4),
    'weight_fraction': ('weights on result', 3),
    'weight_spectral_ratio': ('weights, spectral', 3),
    'seen_ratio': ('after the weights', 3),
    'gradient_ratio': ('gradients', 3),
}
SCORES = ('mIoU', 'mBoundaryIoU', 'ClassRatioError', 'changed')
WORDS = {AS_IS: AS_IS, 'zero': 'zeroed', 'mean': 'mean over positions',
         'resized': 'values resized'}
LEGEND = (
    'Entropy of the attention in nats, mean and percentiles over heads, '
    f'queries and images, of {SOME} queries drawn of each run that has more; '
    'a uniform attention has that of log keys.',
    'Ratios: norm of the result of the attention by that of the query map '
    'which it joins; without means: of what differs from the mean over '
    'positions; after the weights: the same behind the first weights of the '
    'head; gradients: of the loss.',
    'Result that varies: fraction of its squares that is not its mean over '
    'positions. Weights on result: fraction of the squares of the first '
    'weights of the head; spectral: ratio of the largest singular values.')


def describe_inspection(found: Inspection) -> str:
    """Return what a tool prints."""
    pairs = PrettyTable(['', *(record.name for record in found.records)])
    pairs.align = 'r'
    pairs.align[''] = 'l'
    numbers = [record.numbers() for record in found.records]
    for key, (heading, digits) in MEASURES.items():
        pairs.add_row([heading, *(_cell(each[key], digits)
                                  for each in numbers)])
    columns = [key for key in SCORES
               if any(key in score.numbers for score in found.scores)]
    units = dict(ClassRatioError='%p')
    scores = PrettyTable(['pair', 'its result', *(
        f'{key} ({units.get(key, "%")})' for key in columns)])
    scores.align = 'r'
    scores.align['pair'] = scores.align['its result'] = 'l'
    for score in found.scores:
        scores.add_row([score.pairs, WORDS[score.change], *(
            _cell(score.numbers.get(key, math.nan), 2) for key in columns)])
    return '\n'.join([
        f'{counted(found.images, "image")}, {found.labelled} of them with '
        'masks', '',
        str(pairs), *LEGEND, '', str(scores),
        'Changed: pixels that become another class than with the result as '
        'it is.'])


def write_inspection(out: Path, found: Inspection) -> None:
    """Write ``pairs.csv`` and ``changes.csv`` into a folder."""
    GrowingTable(out / PAIRS, ('pair', *MEASURES)).write(
        (record.name, *(number(record.numbers()[key], 5) for key in MEASURES))
        for record in found.records)
    GrowingTable(out / CHANGED, ('pair', 'change', *SCORES)).write(
        (score.pairs, score.change, *(
            number(score.numbers.get(key, math.nan), 4) for key in SCORES))
        for score in found.scores)


def _cell(value: float, digits: int) -> str:
    return '-' if math.isnan(value) else f'{value:.{digits}f}'
