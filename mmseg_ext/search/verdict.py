"""Say in sentences whether the search has found anything."""
from collections.abc import Sequence

from .final import Entry
from .score import Score


def entry_score(score: Score, entry: Entry) -> float:
    """Return the score of a row of the final table."""
    return score.terms(entry.accuracy, entry.record.latency,
                       entry.record.parameters).total


def final_verdict(score: Score, objective: str,
                  entries: Sequence[Entry]) -> list[str]:
    """Compare the search's best with the base, by fresh seeds.

    The lead counts as one where it is more than the larger of the two
    standard deviations over seeds. Whichever of several is the best here
    would be chosen by what judges; so it is the best of the search.

    Args:
        score: Of the search.
        objective: Its name.
        entries: The base, then the best of the search, then others.

    Returns:
        Sentences.
    """
    rows = {entry.title: entry for entry in entries}
    base = rows.get('base')
    best = next((entry for entry in entries if entry is not base
                 and entry.title.startswith('trial')), None)
    if base is None or best is None:
        return ['There is nothing to compare: the base, or the best trial, '
                'has no finished training with a fresh seed.']
    lead = entry_score(score, best) - entry_score(score, base)
    points = best.accuracy - base.accuracy
    spreads = [entry.spread for entry in (best, base)]
    before = best.record.score - base.record.score
    text = [f'{best.title.capitalize()}, the best beside the base, has a '
            f'score {_lead(lead)} the base\'s, with {objective} '
            f'{_lead(points)} it; in the search its score was '
            f'{_lead(before)} the base\'s.']
    if None in spreads:
        return [*text, 'Of one seed there is no spread: whether that is more '
                'than chance is not known.']
    spread = score.alpha * max(spreads)
    if lead <= 0:
        text.append('Nothing better than the base was found.')
    elif lead <= spread:
        text.append(f'That is within the seeds\' spread of {spread:.2f}: no '
                    'sign that it is better than the base.')
    else:
        text.append(f'That is more than the seeds\' spread of {spread:.2f}.')
    return text


def _lead(points: float) -> str:
    if round(points, 2) == 0:
        return '0.00 beside'
    return f'{abs(points):.2f} {"above" if points > 0 else "below"}'
