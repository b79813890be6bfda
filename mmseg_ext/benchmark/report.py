"""From the folder of a suite to its tables, notes and pictures."""
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmseg_ext.basics import CsvWriter, write_atomically
from mmseg_ext.engine.pretrained import pretrained_weights

from . import table_files
from .gap import gap_column
from .jobs import read_result
from .paired_rows import METHOD, pair_rows
from .pareto import FEWEST, Point, write_pareto
from .phase_fractions import phase_fractions, write_phase_fractions
from .queue import check_settings
from .runs import Run, cost_folder, list_runs, open_folds, run_folder
from .suite import Suite
from .tables import (
    TIME,
    Results,
    Table,
    group_tables,
    main_table,
    published_tables,
)

VERSIONS = ('device', 'threads', 'torch', 'mmengine', 'mmcv', 'mmseg',
            'mmseg_ext', 'commit')
BOLD = ('Bold: the intervals mean ± deviation of the best and of every other '
        'do not overlap.')


@dataclass(frozen=True)
class Report:
    """What was written: all files, and the tables once more as a text."""
    files: list[Path]
    text: str


def read_results(suite: Suite, work_dir: Path) -> Results:
    """Return row -> (seed, fold) -> result of the finished runs.

    The fold is None where there are none.
    """
    results = {}
    folds = [None] if suite.folds is None else range(suite.folds.number)
    for row in suite.rows:
        found = {(seed, fold): read_result(
            run_folder(suite, work_dir, row, seed, fold))
            for seed in suite.seeds for fold in folds}
        results[row.name] = {
            key: result for key, result in found.items() if result}
    return results


def write_report(suite: Suite, work_dir: Path) -> Report:
    """Write tables and pictures of what is finished to the suite's folder.

    ``tables.md``, ``tables.tex`` (with booktabs), a CSV file for each table,
    ``runs.csv`` with a line for each run, ``pareto.png`` (the suite's first
    column against the time per image) of three models and more, and
    ``phase_fractions.png`` if the runs' numbers are those of
    ClassRatioMetric.

    Raises:
        FileNotFoundError: If no run is finished.
        ValueError: If a finished run had other settings than the present
            ones, or a column names no number of the tests.
    """
    results = read_results(suite, work_dir)
    if not any(results.values()):
        raise FileNotFoundError(
            f'No run in {work_dir / suite.runs} is finished')
    folded = open_folds(suite, work_dir)
    runs, unreadable = list_runs(suite, work_dir, folded)
    check_settings([run for run in runs
                    if run.key in results[run.row.name]])
    cost = (
        read_result(cost_folder(suite, work_dir))
        or dict(rows={}, machine={}))
    paired = folded and pair_rows(folded, results)
    closed = gap_column(suite, results)
    columns = closed.columns if paired is None else {
        **closed.columns,
        **paired.columns({row.name: row.title for row in suite.rows})}
    own = [main_table(suite, results, cost['rows'], columns),
           *group_tables(suite, results)]
    if paired and paired.comparisons:
        own.append(paired.table())
    other = published_tables(suite)
    notes = [] if paired is None else [
        *paired.sentences(), *paired.notes, METHOD]
    notes += closed.notes
    notes += _notes(suite, results, cost) + [
        f'Settings not checked: {failure}'
        for row, failure in unreadable.items() if results[row]
    ]
    remark = [suite.published.note] if other else []
    files = {f'{table.name}.csv': table_files.to_csv(table)
             for table in [*own, *other]}
    files['runs.csv'] = _runs_as_csv(suite, results)
    files['tables.md'] = '\n'.join([
        *map(table_files.to_markdown, own),
        table_files.notes_as_markdown(notes),
        *map(table_files.to_markdown, other),
        table_files.notes_as_markdown(remark)
    ]).rstrip('\n') + '\n'
    files['tables.tex'] = '\n'.join([
        table_files.notes_as_latex(notes),
        *map(table_files.to_latex, own),
        table_files.notes_as_latex(remark),
        *map(table_files.to_latex, other)
    ])
    folder = work_dir / suite.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomically(folder / name, text)
    written = [folder / name for name in files]
    if paired is not None:
        written += paired.draw(folder)
    points = _points(suite, own[0], runs)
    if len(points) >= FEWEST:
        written.append(folder / 'pareto.png')
        write_pareto(written[-1], points, suite.columns[0], suite.title,
                     _timed_on(cost['machine']))
    models = {}
    for row in suite.rows:
        runs = [run['metrics'] for run in results[row.name].values()]
        fractions = phase_fractions(runs)
        if fractions:
            models[row.title] = fractions
    if models:
        written.append(folder / 'phase_fractions.png')
        write_phase_fractions(written[-1], models)
    return Report(written, files['tables.md'])


def _points(suite: Suite, table: Table, runs: Sequence[Run]) -> list[Point]:
    """Return the models whose accuracy and time are known."""
    pretrained = {run.row.name: bool(pretrained_weights(run.job.cfg.model))
                  for run in runs if run.seed == suite.seeds[0]}
    points = []
    for row in suite.rows:
        cells = dict(zip(table.headings, table.rows[row.title]))
        accuracy = cells[suite.columns[0].heading]
        time = cells[TIME.heading]
        if None not in (accuracy.value, time.value):
            points.append(
                Point(row.title, time.value, accuracy.value, accuracy.spread,
                      time.quartiles, pretrained.get(row.name, False)))
    return points


def _timed_on(machine: Mapping) -> str:
    return (f'{machine["device"]}, threads: {machine["threads"]}, batch 1, '
            'float32')


def _runs_as_csv(suite: Suite, results: Results) -> str:
    """A line for each run: where it ran, and every number of its test."""
    names: dict[str, None] = {}  # in the order in which they come
    for row in results.values():
        for run in row.values():
            names.update(dict.fromkeys(run['metrics']))
    out = io.StringIO()
    writer = CsvWriter(out)
    fold_column = [] if suite.folds is None else ['fold']
    writer.writerow(['row', 'model', 'seed', *fold_column, 'started',
                     'seconds', 'resumed', *VERSIONS, 'data', *names])
    for row in suite.rows:
        for (seed, fold), run in results[row.name].items():
            writer.writerow([
                row.name, row.title, seed, *(fold + 1 for _ in fold_column),
                run['started'], run['seconds'], run['resumed'],
                *(run['machine'][key] for key in VERSIONS),
                _data_of(run), *(run['metrics'].get(name) for name in names)
            ])
    return out.getvalue()


def _data_of(run: Mapping) -> str:
    return '; '.join(
        f'{split} {data["images"]} images {data["fingerprint"]}'
        for split, data in run['data'].items())


def _machine_of(machine: Mapping) -> str:
    code = f' ({machine["commit"]})' if machine['commit'] else ''
    return (f'{machine["device"]}, {machine["threads"]} threads, torch '
            f'{machine["torch"]}, mmseg {machine["mmseg"]}, mmseg_ext '
            f'{machine["mmseg_ext"]}{code}')


def _tally(what: str, found: Counter, warning: str) -> list[str]:
    """One note if all runs agree, else one with counts and a warning."""
    if len(found) == 1:
        return [f'{what}: {next(iter(found))}.']
    parts = '; '.join(f'{text}: {count} runs'
                      for text, count in found.most_common())
    return [f'{what}: {parts}. {warning}']


def _notes(suite: Suite, results: Results, cost: Mapping) -> list[str]:
    runs = [run for row in results.values() for run in row.values()]
    seeds = ', '.join(map(str, suite.seeds))
    notes = [
        f'{suite.budget}. Last checkpoint; nothing is chosen by the numbers '
        'shown.',
    ]
    if suite.folds is not None:
        notes.append(
            f'Mean ± standard deviation over {suite.folds.number} folds of '
            f'the images and the seeds {seeds}, each of its held-out images; '
            'the deviation is that of the images too. n where runs are '
            f'missing. {BOLD}')
    elif len(suite.seeds) > 1:
        notes.append(
            f'Mean ± standard deviation over the seeds {seeds}; n where runs '
            f'are missing. {BOLD}')
    else:
        notes.append(f'One run each, seed {seeds}: differences may be noise.')
    if suite.folds is not None:
        return [*notes, *_data_of_folds(suite, results),
                *_notes_on_costs(runs, cost)]
    return [*notes, *_data_of_rows(suite, results),
            *_notes_on_costs(runs, cost)]


def _data_of_rows(suite: Suite, results: Results) -> list[str]:
    """Say what was trained and tested on, and whether that compares.

    Rows between which there is a gap are trained on different images.
    """
    runs = [run for row in results.values() for run in row.values()]
    trained = ('{images} images to train, ', ', {fingerprint}')
    notes = []
    if suite.gap is not None:
        trained = ('', '')
        numbers = {row.title: '/'.join(sorted({
            str(run['data']['train']['images'])
            for run in results[row.name].values()})) for row in suite.rows
            if results[row.name] and row.adapted is None}
        notes.append('Images to train on, with labels and without: '
                     + ', '.join(f'{title} {number}'
                                 for title, number in numbers.items()) + '.')
    data = Counter(
        f'{suite.data_root}, '
        f'{trained[0].format(**run["data"]["train"])}'
        f'{run["data"]["test"]["images"]} to test (files '
        f'{run["data"]["test"]["fingerprint"]}'
        f'{trained[1].format(**run["data"]["train"])})' for run in runs)
    return _tally('Data', data,
                  'These do not compare: the files differ.') + notes


def _data_of_folds(suite: Suite, results: Results) -> list[str]:
    """Say what the runs read, and whether those of a fold read the same."""
    found: dict[int, set] = {}
    for row in results.values():
        for (_, fold), run in row.items():
            found.setdefault(fold, set()).add(_data_of(run))
    differing = [str(fold + 1) for fold in sorted(found)
                 if len(found[fold]) > 1]
    notes = [f'Data: {suite.data_root}, {suite.folds.number} folds.']
    if differing:
        notes.append('These do not compare: the files of fold '
                     f'{", ".join(differing)} differ between runs.')
    return notes


def _notes_on_costs(runs: Sequence[Mapping], cost: Mapping) -> list[str]:
    notes = []
    machines = Counter(_machine_of(run['machine']) for run in runs)
    notes += _tally('Runs', machines,
                    'Not all ran on the same machine and code.')
    if not cost['rows']:
        return [*notes, 'Costs of an image are not measured yet.']
    height, width = cost['input_size']
    notes += [
        f'Costs: an image of {height} x {width} from normalised input to '
        'the logits of its pixels. Parameters: as deployed, without '
        'auxiliary heads. GFLOPs as mmengine and fvcore count them: a '
        'multiplication with its addition is one; fused attention is '
        'counted, element-wise operations, softmax and pooling are not. '
        'CIO: numbers that convolutions read and write, each its input and '
        'output; "-" where it was not measured.',
        f'Time: batch 1, float32, median of {cost["repeats"]} passes '
        '(quartiles), the models in turn; '
        f'{_machine_of(cost["machine"])}.',
    ]
    if any(row.get('memory') for row in cost['rows'].values()):
        notes.append('Memory: the most that a pass takes beyond the weights '
                     'and the image.')
    for name, row in cost['rows'].items():
        if row.get('uncounted'):
            notes.append(f'GFLOPs of {name} leave out '
                         f'{", ".join(row["uncounted"])}.')
    return notes
