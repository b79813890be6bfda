"""Deployed files side by side: a CSV and a Markdown table."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.printable import counted

from . import table_files
from .files import Trained
from .report import Report
from .speed_load import loaded_warning
from .suite import Column
from .tables import Cell, Table, average

NAMES = ('fp32', 'INT8')
TIMED = ('PyTorch', 'ONNX', 'INT8')


def write_files_report(models: Sequence[Trained],
                       results: Mapping[str, dict],
                       out: Path,
                       accuracy: Sequence[str] = ('mIoU', )) -> Report:
    """Write ``files.csv`` and ``files.md``, a row for each title.

    Args:
        models: All that there should be.
        results: Name -> what
            :func:`~mmseg_ext.benchmark.files.measure_files` has returned,
            of one model at least.
        out: Folder.
        accuracy: Which to show, 'mIoU' or 'IoU.<class>'.

    Raises:
        ValueError: If no model has such an accuracy.
    """
    known = {key: None for result in results.values()
             for key in result['accuracy']}
    for key in accuracy:
        if known and key not in known:
            raise ValueError(f'The models have no {key}; there are '
                             f'{", ".join(known)}')
    table = files_table(models, results, accuracy)
    notes = _notes(models, results)
    texts = {
        'files.csv': table_files.to_csv(table),
        'files.md': '\n'.join([table_files.to_markdown(table),
                               table_files.notes_as_markdown(notes)])}
    for name, text in texts.items():
        write_atomically(out / name, text)
    return Report([out / name for name in texts], texts['files.md'])


def files_table(models: Sequence[Trained], results: Mapping[str, dict],
                accuracy: Sequence[str]) -> Table:
    """Return a row for each title: the mean over the models that have it."""
    numbers = {name: _numbers(result, accuracy)
               for name, result in results.items()}
    columns = {column.heading: column for line in numbers.values()
               for column in line}
    rows: dict[str, list[Cell]] = {}
    for title in dict.fromkeys(model.title for model in models):
        names = [model.name for model in models if model.title == title]
        rows[title] = [
            average([
                value for name in names if name in numbers
                for found, value in numbers[name].items()
                if found.heading == heading and value is not None
            ], column.digits, len(names))
            for heading, column in columns.items()]
    return Table('files', 'Deployed files', 'model', [*columns], rows)


def _numbers(result: Mapping, accuracy: Sequence[str]) -> dict:
    """Return column -> number, None where there is none."""
    def pair(values: Sequence) -> tuple:
        return (*values, None)[:2]

    found = {
        Column('parameters', 'parameters', 'M', 3):
        1e-6 * result['parameters'],
        Column('macs', 'GMACs'): 1e-9 * result['macs'],
    }
    for name, value in zip(NAMES, pair(result['megabytes'])):
        found[Column(f'size {name}', f'size {name}', 'MB')] = value
    for key in accuracy:
        both = result['accuracy'].get(key, [None, None])
        for name, value in zip(NAMES, both):
            found[Column(f'{key} {name}', f'{key} {name}', '%')] = value
    found[Column('difference', 'phase fractions differ by', '%p')] = (
        result['fraction_difference'])
    for threads, times in result['times'].items():
        place = counted(int(threads), 'thread')
        for name, value in zip(TIMED, (*times['milliseconds'], None)):
            found[Column('', f'{name}, {place}', 'ms', 1)] = value
        found[Column('', f'INT8 / ONNX, {place}')] = times['ratio']
    return found


def _notes(models: Sequence[Trained],
           results: Mapping[str, dict]) -> list[str]:
    shapes = sorted({' x '.join(map(str, result['shape']))
                     for result in results.values()})
    machines = sorted({' '.join((
        f'{result["machine"]["device"]}, torch {result["machine"]["torch"]},',
        'mmseg_ext', result['machine']['mmseg_ext'],
        result['machine']['commit'])).strip()
        for result in results.values()})
    notes = [
        'Means over runs (± standard deviation, n where some are missing). '
        'fp32 and INT8: the exported file and that of tools/quantize.py, '
        'calibrated on training images, compared on those of testing.',
        f'Times: {"; ".join(shapes)} pixels, median; PyTorch from the '
        'normalised image, files from the image as it is read, in turn; '
        'INT8 / ONNX: median of the ratios.',
        f'{"; ".join(machines)}.']
    warning = loaded_warning([
        SimpleNamespace(others=result['others'], loaded=result['loaded'])
        for result in results.values()])
    if warning:
        notes.append(warning)
    notes += [f'{name}, no INT8: {result["refused"]}'
              for name, result in results.items() if result['refused']]
    missing = [model.name for model in models if model.name not in results]
    if missing:
        notes.append(f'Not measured: {", ".join(missing)}.')
    return notes
