"""What a search leaves: tables, a picture, the best config."""
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmseg_ext.basics import CsvWriter, command_for, write_atomically
from mmseg_ext.basics.command_line import quote_command
from mmseg_ext.basics.printable import counted

from .candidate import candidate_config
from .delta import write_delta
from .final import Entry
from .importance import FEWEST, choices_importance
from .names import describe, short_names, written
from .picture import write_trials
from .records import (
    FAILED,
    FINISHED,
    PRUNED,
    Record,
    front,
    ranked,
    read_records,
)
from .study import Study
from .verdict import entry_score, final_verdict

TABLE, PICTURE, README = 'trials.csv', 'pareto.png', 'README.md'
BEST, IMPORTANCE = 'best.py', 'importance.csv'
SHOWN = 10  # trials in the README; all are in the table
JUDGES = (
    'The data have no test part: validation images judge here, by which the '
    'trials were chosen. Seeds are fresh, images are not.',
    'The test part judges here, which no trial has seen.')


@dataclass
class Report:
    """What was written.

    Attributes:
        text: The README.
        files: All files.
    """
    text: str = ''
    files: list[Path] = field(default_factory=list)


def write_report(study: Study, entries: Sequence[Entry]) -> Report:
    """Write the tables of what is finished to the study's folder.

    Args:
        study: With its trials.
        entries: Of the final table; none if there is no such.
    """
    search, folder, report = study.search, study.folder, Report()
    records = read_records(study)
    best = ranked(records)
    report.files.append(_write_trials(study, records))
    sections = [f'# {search.title}', _head(study, records)]
    if best:
        sections += [_best(search, best), _final(study, entries, best)]
        sections += _trials(study, records)
        write_trials(folder / PICTURE, records, search.objective,
                     search.title)
        report.files.append(folder / PICTURE)
        sections.append(f'![{search.objective} against the time of an image]'
                        f'({PICTURE})')
        sections += _importance(study, report)
        sections.append(_command(study, best[0], report))
    failed = [record for record in records if record.state == FAILED]
    if failed:
        sections.append('\n'.join(['Failed:', '', *(
            f'- trial {record.number} ({_values(study, record)}): '
            f'{record.note}' for record in failed)]))
    report.text = '\n\n'.join(filter(None, sections)) + '\n'
    write_atomically(folder / README, report.text)
    report.files.append(folder / README)
    return report


def _head(study: Study, records: Sequence[Record]) -> str:
    search = study.search
    counts = {state: sum(record.state == state for record in records)
              for state in (FINISHED, PRUNED, FAILED)}
    trained = sum(record.same_as is None and record.state != FAILED
                  for record in records)
    way = study.settings.way
    what = ('the front of accuracy, latency and parameters'
            if study.settings.multi else 'the best score')
    return (f'{counted(len(records), "trial")} by {way} for {what}: '
            f'{counts[FINISHED]} finished, {counts[PRUNED]} pruned, '
            f'{counts[FAILED]} failed, {trained} different candidates; '
            f'{search.steps} steps each, {counted(len(search.seeds), "seed")}'
            f'. Score: {search.score.alpha:g} * {search.objective} - '
            f'{search.score.beta:g} * latency - {search.score.gamma:g} * '
            'parameters; latency and parameters are ratios to the base\'s, '
            'latency measured in alternation with it. '
            f'{search.objective} is of the validation images.')


def _best(search, best: Sequence[Record]) -> str:
    first = best[0]
    if first.number == 0:
        return ('**Nothing better than the base was found**, whose score is '
                f'{first.terms}.')
    return (f'Best: trial {first.number}, '
            f'{describe(search.space, first.values)}. Its score is '
            f'{first.terms}.')


def _final(study: Study, entries: Sequence[Entry],
           best: Sequence[Record]) -> str:
    if not entries:
        return ''
    search = study.search
    keys = short_names(search.space)
    lines = [['', *keys.values(), f'{search.objective} (%)', 'latency',
              'parameters', 'score']]
    for entry in entries:
        spread = '' if entry.spread is None else f' ± {entry.spread:.2f}'
        lines.append([
            entry.title, *(written(entry.record.values[key])
                           for key in keys),
            f'{entry.accuracy:.2f}{spread}', f'{entry.record.latency:.2f}',
            f'{entry.record.parameters:.2f}',
            f'{entry_score(search.score, entry):.2f}'])
    num_seeds = len(search.final.seeds)
    return '\n\n'.join([
        f'## With fresh seeds\n\n{search.final.steps} steps, '
        f'{counted(num_seeds, "seed")}, mean ± standard deviation over them. '
        + JUDGES[entries[0].images != best[0].images],
        _table(lines),
        ' '.join(final_verdict(search.score, search.objective, entries))])


def _trials(study: Study, records: Sequence[Record]) -> list[str]:
    search = study.search
    keys = short_names(search.space)
    chosen, on_front = ranked(records), {
        record.number for record in front(records)}
    lines = [['trial', *keys.values(), f'{search.objective} (%)', 'latency',
              'parameters', 'score', 'front']]
    lines += [[
        f'{record.number}' + ' (base)' * (record.number == 0),
        *(written(record.values[key]) for key in keys),
        f'{record.accuracy:.2f}', f'{record.latency:.2f}',
        f'{record.parameters:.2f}', f'{record.score:.2f}',
        'yes' * (record.number in on_front)]
        for i, record in enumerate(chosen)
        if i < SHOWN or record.number == 0]
    return ['## Trials\n\nThe best by their score; front: no other trial is '
            f'at least as good in all three. All are in {TABLE}.',
            _table(lines)]


def _importance(study: Study, report: Report) -> list[str]:
    found = choices_importance(study)
    if not found:
        return [f'Which choice matters is told from {FEWEST} finished trials '
                'on.']
    path = study.folder / IMPORTANCE
    rows = [[key, f'{value:.3f}'] for key, value in found.items()]
    text = io.StringIO(newline='')
    CsvWriter(text).writerows([['key', 'importance'], *rows])
    write_atomically(path, text.getvalue())
    report.files.append(path)
    return ['## Which choice matters\n\nPart in what sets the best '
            'quarter of the finished trials apart (PED-ANOVA); they sum to '
            '1.',
            _table([['key', 'importance'], *rows])]


def _command(study: Study, best: Record, report: Report) -> str:
    search = study.search
    path = study.folder / BEST
    write_delta(path, search.base, candidate_config(search, best.values), [
        f'The best of {counted(len(study.trials()), "trial")} of the search '
        f'{search.name}, trial {best.number}:',
        describe(search.space, best.values) + '.'])
    report.files.append(path)
    config = quote_command([str(path)])
    out = quote_command([str(path.parent / 'best')])
    return ('To train it by the schedule of the base, and to measure it:\n\n'
            f'```bash\n{command_for("train")} {config} --work-dir {out}\n'
            f'{command_for("test")} {config} {out}/CHECKPOINT.pth\n```')


def _values(study: Study, record: Record) -> str:
    return describe(study.search.space, record.values)


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rows = [f'| {" | ".join(cells)} |' for cells in lines]
    return '\n'.join([head, f'|{"---|" * len(lines[0])}', *rows])


def _write_trials(study: Study, records: Sequence[Record]) -> Path:
    """Write a line a trial, in their order."""
    search, path = study.search, study.folder / TABLE
    text = io.StringIO(newline='')
    writer = CsvWriter(text)
    writer.writerow([
        'trial', 'state', *search.space, search.objective, 'latency',
        'parameters', 'milliseconds', 'num_parameters', 'score',
        'accuracy_term', 'latency_term', 'parameters_term',
        *(f'score_at_{rung}' for rung in search.rungs), 'seconds', 'note'])
    for record in records:
        terms = record.terms
        writer.writerow([
            record.number, record.state,
            *(str(record.values[key]) for key in search.space),
            *map(_cell, (record.accuracy, record.latency, record.parameters,
                         record.milliseconds)), record.count or '',
            *map(_cell, (None, ) * 4 if terms is None else (
                terms.total, terms.accuracy, terms.latency,
                terms.parameters)),
            *(_cell(record.rungs.get(rung)) for rung in search.rungs),
            record.seconds, record.note])
    write_atomically(path, text.getvalue())
    return path


def _cell(value) -> str:
    return '' if value is None else f'{value:.6g}'
