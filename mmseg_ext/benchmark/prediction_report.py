"""What a comparison of predictions writes: a table and a CSV file."""
import io
import shlex
from pathlib import Path
from statistics import median

from mmseg_ext.basics import CsvWriter
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.processor import own_cores

from .prediction import PredictionRow, PredictionRun
from .report import VERSIONS
from .speed_load import loaded_warning
from .table_files import write_measured
from .tables import Cell, Table


def write_prediction(run: PredictionRun,
                     folder: Path) -> tuple[list[Path], str]:
    """Write what has been measured: ``prediction.csv`` and ``prediction.md``.

    Returns:
        The files, and the text of the table.
    """
    return write_measured([prediction_table(run)], _notes(run),
                          prediction_csv(run), folder)


def prediction_table(run: PredictionRun) -> Table:
    """A row for each number of images and of processes."""
    fewest = counted(run.rows[0].processes, 'process', 'processes')
    return Table(
        'prediction', 'tools/predict.py', 'images, processes', [
            'time (s)', 'images / s', f'/ {fewest}',
            'processor (ms / image)', 'memory (MB)', 'others (cores)'
        ], {f'{row.images}, {row.processes}': _cells(row, run)
            for row in run.rows})


def _cells(row: PredictionRow, run: PredictionRun) -> list[Cell]:
    ratio = median(row.ratios)
    taken = f'{row.others:.2f}' + ' **loaded**' * bool(row.loaded)
    return [
        Cell(median(row.seconds), 1),
        Cell(row.rate, 1),
        Cell(ratio, printed=(
            '1' if row.processes == run.rows[0].processes else
            f'{ratio:.2f} ({min(row.ratios):.2f} to {max(row.ratios):.2f})')),
        Cell(1000 * median(row.work) / row.images, 1),
        Cell(row.memory / 2**20 if row.memory else None),
        Cell(row.others, printed=taken),
    ]


def _notes(run: PredictionRun) -> list[str]:
    machine = run.machine
    warning = loaded_warning(run.rows)
    code = f' ({machine["commit"]})' if machine['commit'] else ''
    return [
        *([f'**{warning}**'] if warning else []),
        f'Time: of the whole command, from its start to its end, the median '
        f'of {counted(len(run.rows[0].seconds), "round")} in which all rows '
        'take turns; of ratios also the least and the greatest in a round. '
        'Memory: the most that all processes held at once, what they share '
        'counted once, looked at five times a second.',
        f'Images: links to {counted(len(run.scans), "file")}. Options: '
        f'`{shlex.join(run.options)}`.',
        f'{machine["device"]}, {len(own_cores())} cores, Python '
        f'{machine["python"]}, torch {machine["torch"]}, mmseg '
        f'{machine["mmseg"]}, mmseg_ext {machine["mmseg_ext"]}{code}.'
    ]


def prediction_csv(run: PredictionRun) -> str:
    """Full precision: seconds, and the repeats themselves."""
    out = io.StringIO()
    writer = CsvWriter(out)
    versions = [name for name in VERSIONS if name != 'threads']
    writer.writerow([
        'images', 'processes', 'seconds', 'images_per_second', 'ratio',
        'ratio_min', 'ratio_max', 'processor_seconds', 'memory_bytes',
        'others_cores', 'loaded', 'repeats_seconds', 'files', 'options',
        *versions, 'cores', 'python'
    ])
    for row in run.rows:
        writer.writerow([
            row.images, row.processes, median(row.seconds), row.rate,
            median(row.ratios), min(row.ratios), max(row.ratios),
            median(row.work), row.memory or None, row.others, row.loaded,
            ' '.join(map(str, row.seconds)), len(run.scans),
            shlex.join(run.options),
            *(run.machine.get(key) for key in versions), len(own_cores()),
            run.machine.get('python')
        ])
    return out.getvalue()
