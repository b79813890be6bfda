"""What a comparison of throughput writes: a table and a CSV file."""
import io
from pathlib import Path
from statistics import median

from mmseg_ext.basics import CsvWriter
from mmseg_ext.basics.processor import own_cores

from .report import VERSIONS
from .scaling import ScalingRow, ScalingRun
from .speed_load import loaded_warning
from .table_files import write_measured
from .tables import Cell, Table


def write_scaling(run: ScalingRun,
                  folder: Path) -> tuple[list[Path], str]:
    """Write what has been measured: ``scaling.csv`` and ``scaling.md``.

    Returns:
        The files, and the text of the table.
    """
    return write_measured([scaling_table(run)], _notes(run),
                          scaling_csv(run), folder)


def scaling_table(run: ScalingRun) -> Table:
    """A row for each number of processes."""
    setting = run.rows[0].setting
    batch = f'batch {setting.batch} ' + (
        'in all' if run.strong else 'per process')
    return Table(
        'scaling', f'{run.config}, training step, '
        f'{setting.size[0]} x {setting.size[1]}, {batch}, {setting.dtype}',
        'processes', [
            'threads each', 'batch each', 'step (ms)', 'images / s',
            '/ one process', 'efficiency (%)', 'others (cores)'
        ], {str(row.processes): _cells(row) for row in run.rows})


def _cells(row: ScalingRow) -> list[Cell]:
    step, ratio = median(row.seconds), median(row.ratios)
    spread = f'({min(row.ratios):.2f} to {max(row.ratios):.2f})'
    taken = f'{row.others:.2f}' + ' **loaded**' * bool(row.loaded)
    return [
        Cell(row.setting.threads),
        Cell(row.setting.batch),
        Cell(1000 * step, 1),
        Cell(row.images / step, 2),
        Cell(ratio, printed='1' if row.processes == 1 else
             f'{ratio:.2f} {spread}'),
        Cell(row.efficiency),
        Cell(row.others, printed=taken),
    ]


def _notes(run: ScalingRun) -> list[str]:
    machine, plan = run.machine, run.plan
    rounds = len(run.rows[0].seconds)
    warning = loaded_warning(run.rows)
    if run.rows[0].setting.device == 'cuda':
        shared = ('Each process has a GPU of its own: efficiency is images '
                  'per second against as many times those of one process.')
        backend = 'nccl'
    else:
        shared = ('The processes share the same threads, so that more of '
                  'them get no more of the machine: efficiency is images '
                  'per second against those of one process with all '
                  'threads.')
        backend = 'gloo'
    code = f' ({machine["commit"]})' if machine['commit'] else ''
    return [
        *([f'**{warning}**'] if warning else []), shared,
        f'Times: median of {rounds} rounds, in which all numbers of '
        f'processes take turns of {plan.seconds:g} s or three steps, '
        'whichever is longer; a turn counts as the median of the steps of '
        'its slowest process. / one process: images per second, median '
        '(least to greatest) over the rounds of the ratio within a round.',
        'Training step: forward, loss, backward with the gradients of '
        f'{run.parameters / 1e6:.3f} M parameters averaged over the '
        'processes (DistributedDataParallel as mmengine uses it, in one '
        f'process too; {backend}), AdamW. Random weights and images: '
        'nothing is read from a disk.',
        f'{machine["device"]}, {len(own_cores())} cores, Python '
        f'{machine["python"]}, torch {machine["torch"]}, mmseg '
        f'{machine["mmseg"]}, mmseg_ext {machine["mmseg_ext"]}{code}.'
    ]


def scaling_csv(run: ScalingRun) -> str:
    """Full precision: seconds, and the repeats themselves."""
    out = io.StringIO()
    writer = CsvWriter(out)
    versions = [name for name in VERSIONS if name != 'threads']
    writer.writerow([
        'config', 'processes', 'threads_each', 'batch_each', 'height',
        'width', 'dtype', 'seconds', 'images_per_second', 'ratio',
        'ratio_min', 'ratio_max', 'efficiency_percent', 'parameters',
        'others_cores', 'loaded', 'repeats_seconds', 'turn_seconds',
        *versions, 'cores', 'python'
    ])
    for row in run.rows:
        setting, step = row.setting, median(row.seconds)
        writer.writerow([
            run.config, row.processes, setting.threads, setting.batch,
            *setting.size, setting.dtype, step, row.images / step,
            median(row.ratios), min(row.ratios), max(row.ratios),
            row.efficiency, run.parameters, row.others, row.loaded,
            ' '.join(map(str, row.seconds)), run.plan.seconds,
            *(run.machine.get(key) for key in versions), len(own_cores()),
            run.machine.get('python')
        ])
    return out.getvalue()
