"""Fractions of a run as a table to print, and what is to be said of them."""
from collections.abc import Mapping, Sequence

from prettytable import PrettyTable

from mmseg_ext.basics.csv_files import number
from mmseg_ext.basics.phase_fractions import write_interval

from .class_words import DefectWords, words_of
from .phase_uncertainty import PhaseUncertainty, describe_uncertainty
from .phases import PhaseSummary


def describe_fractions(fractions: Mapping[str, Sequence[float]],
                       phases: Sequence[PhaseSummary],
                       uncertainties: Sequence[PhaseUncertainty] = (),
                       remarks: Sequence[str] = ()) -> list[str]:
    """Return texts to print.

    Args:
        fractions: Name of an image -> fraction of each class, 0 to 1.
        phases: Of all images; none: there is nothing to tell.
        uncertainties: By a validation, of the same phases.
        remarks: Sentences on the validation.
    """
    if not phases:
        return []
    words = words_of([phase.phase for phase in phases])
    shown = [phases[i] for i in words.shown(phases)]
    title = f'{words.heading.lower()}, n = {phases[0].n}'
    lines = words.describe(list(fractions), [
        [100 * part for part in parts] for parts in fractions.values()])
    lines.append(_plain(shown, words.column, title,
                        isinstance(words, DefectWords)))
    if uncertainties:
        told = [uncertainties[i] for i in words.shown(phases)]
        lines += [_validated(told, words.column, title),
                  *words.limits(told), *describe_uncertainty(told), *remarks]
    else:
        lines += words.limits(shown)
    return lines


def _plain(phases: Sequence[PhaseSummary], column: str, title: str,
           defects: bool) -> str:
    heads = [column, 'Mean (%)', 's (%)', '95 % CI (%)', 'RA (%)']
    table = PrettyTable(heads[:-1] if defects else heads)
    for phase in phases:
        cells = [
            phase.phase, number(phase.mean_percent, 2),
            number(phase.std_percent, 2),
            write_interval(phase.mean_percent, phase.ci95_percent),
            number(phase.relative_accuracy_percent, 2)]
        table.add_row(cells[:len(table.field_names)])
    return table.get_string(title=title)


def _validated(rows: Sequence[PhaseUncertainty], column: str,
               title: str) -> str:
    table = PrettyTable([column, 'Fraction (%)', '95 % interval (%)',
                         'u images', 'u model', 'u', 'k', 'Bias'])
    for row in rows:
        table.add_row([
            row.phase, number(row.fraction_percent, 2), row.write_interval(),
            number(row.u_fields, 2), number(row.u_model, 2),
            number(row.u_percent, 2), number(row.coverage_factor, 2),
            f'{row.bias_percent:+.2f}'])
    return table.get_string(
        title=f"{title}, with the model's error ({rows[0].m} validated)")
