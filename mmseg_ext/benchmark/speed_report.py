"""A comparison of speed as CSV, Markdown and a picture."""
import io
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from mmseg_ext.basics import CsvWriter, write_atomically
from mmseg_ext.basics.processor import own_cores

from . import table_files
from .measure import MEGABYTE
from .report import VERSIONS
from .speed import PASSES, Row, SpeedRun, describe_setting
from .speed_load import loaded_warning
from .speed_plot import draw_speed
from .tables import Cell, Table

RIVAL_LIBRARIES = ('transformers', 'segmentation_models_pytorch')
KINDS_OF_RIVAL = (
    '`stock:` is the model of mmseg\'s own modules, `plain:` the stock model '
    'without its neck, `hf:` and `smp:` the SegFormer of its size of '
    'transformers and segmentation_models_pytorch.')


def write_speed(run: SpeedRun, folder: Path) -> tuple[list[Path], str]:
    """Write what has been measured so far.

    ``speed.csv`` with a line for each model, setting and pass,
    ``speed.md``, and the times and memory as bars in ``speed.png`` and
    ``speed.svg``.

    Returns:
        The files, and the text of the tables.
    """
    text = '\n'.join([
        *map(table_files.to_markdown, speed_tables(run)),
        table_files.notes_as_markdown(notes(run))
    ])
    files = [folder / f'speed.{suffix}' for suffix in ('csv', 'md', 'png',
                                                       'svg')]
    write_atomically(files[0], speed_csv(run))
    write_atomically(files[1], text)
    figure = draw_speed(run)
    for path in files[2:]:
        figure.savefig(path, dpi=200)
    return files, text


def _versions() -> dict[str, str]:
    found = {}
    for name in RIVAL_LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ''
    return found


def _settings(run: SpeedRun) -> list:
    return [*dict.fromkeys((row.setting, row.kind) for row in run.rows)]


def _size(row: Row) -> str:
    return '{} x {}'.format(*row.setting.size)


def speed_tables(run: SpeedRun) -> list[Table]:
    """A table for each setting and pass, a row for each model."""
    tables = []
    for setting, kind in _settings(run):
        rows = [row for row in run.rows
                if (row.setting, row.kind) == (setting, kind)]
        title = PASSES[kind].capitalize()
        tables.append(
            Table(
                'speed', f'{title}, {_size(rows[0])}, '
                f'{describe_setting(setting)}', 'model', [
                    'time (ms)', '/ reference', 'activations (MB)',
                    '/ reference', 'in all (MB)', 'parameters (M)',
                    '/ reference', 'GFLOPs', '/ reference', 'others (cores)'
                ], {row.variant.name: _cells(run, row) for row in rows}))
    return tables


def _cells(run: SpeedRun, row: Row) -> list[Cell]:
    description = run.descriptions.get(row.variant.name, {})
    cells = [Cell()] * 10
    if row.seconds:
        cells[0] = Cell(1000 * median(row.seconds), 1)
        taken = f'{row.others:.2f}' + ' **loaded**' * bool(row.loaded)
        cells[9] = Cell(row.others, printed=taken)
    is_reference = row.variant.name == row.variant.reference
    if row.ratios:
        middle = median(row.ratios)
        cells[1] = Cell(
            middle,
            printed='1' if is_reference else f'{middle:.2f} '
            f'({min(row.ratios):.2f} to {max(row.ratios):.2f})')
    if row.activations is not None:
        cells[2] = Cell(row.activations / MEGABYTE)
        cells[4] = Cell((row.activations + row.static) / MEGABYTE)
    if row.memory_ratio is not None:
        cells[3] = Cell(row.memory_ratio, 0 if is_reference else 2)
    reference = run.descriptions.get(row.variant.reference, {})
    for column, key, unit, digits in ((5, 'parameters', 1e6, 3),
                                      (7, 'flops', 1e9, 2)):
        if key in description:
            cells[column] = Cell(description[key] / unit, digits)
        if key in description and reference.get(key):
            cells[column + 1] = Cell(
                description[key] / reference[key],
                0 if is_reference else 2)
    return cells


def notes(run: SpeedRun) -> list[str]:
    """What the numbers mean, where they come from, and what is missing."""
    machine = run.machine
    warning = loaded_warning(run.rows)
    references: dict[str, list[str]] = {}
    for variant in run.variants:
        if variant.name != variant.reference:
            references.setdefault(variant.reference, []).append(variant.name)
    lines = [f'**{warning}**'] if warning else []
    if references:
        lines.append('Reference: ' + '; '.join(
            f'{reference} of {", ".join(names)}' if len(references) > 1 else
            reference for reference, names in references.items()) + '.')
    lines += [
        f'Times: median of {run.repeats} rounds, in which all models take '
        f'turns of {run.seconds:g} s or three steps, whichever is longer; a '
        'turn counts as the median of its steps. / reference: median '
        '(least to greatest) over the rounds of the ratio within a round.',
        'Training step: forward, loss, backward, AdamW. Inference: from a '
        'normalised image to the logits of its pixels. Random weights and '
        'images; bfloat16 by autocast.',
        'Activations: the most memory that a step takes beyond weights, '
        'gradients and AdamW\'s state (inference: beyond the weights), '
        'resident on a CPU, allocated on a GPU, each in a new process. In '
        'all: with those. MB are 2^20 bytes.',
        'GFLOPs of inference for one image, as mmengine and fvcore count '
        'them: a multiplication with its addition is one.',
        KINDS_OF_RIVAL,
    ]
    if machine:
        code = f' ({machine["commit"]})' if machine['commit'] else ''
        libraries = [f'{name} {number}' for name, number
                     in _versions().items() if number]
        lines.append(', '.join([
            machine['device'], f'{machine["threads"]} threads on '
            f'{len(own_cores())} cores', f'Python {machine["python"]}',
            f'torch {machine["torch"]}', f'mmseg {machine["mmseg"]}',
            *libraries, f'mmseg_ext {machine["mmseg_ext"]}{code}.']))
    lines += run.remarks
    for name, description in run.descriptions.items():
        lines += [f'{name}: {text}.'
                  for text in description.get('replaced', [])]
        if description.get('uncounted'):
            lines.append(f'GFLOPs of {name} leave out '
                         f'{", ".join(description["uncounted"])}.')
    failed: dict[str, None] = {}
    for row in run.rows:
        if row.variant.error:
            failed[f'{row.variant.name} not measured: {row.error}.'] = None
        elif row.error:
            failed[f'{row.variant.name}, {PASSES[row.kind]}, '
                   f'{describe_setting(row.setting)}, failed: '
                   f'{row.error}'] = None
    return [*lines, *failed]


def speed_csv(run: SpeedRun) -> str:
    """Full precision: seconds, bytes, and the repeats themselves."""
    out = io.StringIO()
    writer = CsvWriter(out)
    libraries = _versions()
    writer.writerow([
        'model', 'reference', 'pass', 'height', 'width', 'batch', 'dtype',
        'compiled', 'channels_last', 'keeps_memory', 'seconds', 'ratio',
        'ratio_min', 'ratio_max', 'activation_bytes', 'activation_ratio',
        'static_bytes', 'parameters', 'flops', 'uncounted', 'others_cores',
        'loaded', 'error', 'repeats_seconds', 'turn_seconds', *VERSIONS,
        'cores', 'python', *libraries
    ])
    for row in run.rows:
        setting = row.setting
        description = run.descriptions.get(row.variant.name, {})
        ratios = row.ratios
        writer.writerow([
            row.variant.name, row.variant.reference, row.kind, *setting.size,
            setting.batch, setting.dtype, setting.compiled,
            setting.channels_last, setting.keeps_memory,
            median(row.seconds) if row.seconds else None,
            *([median(ratios), min(ratios), max(ratios)] if ratios else
              [None] * 3), row.activations, row.memory_ratio, row.static,
            description.get('parameters'), description.get('flops'),
            ' '.join(description.get('uncounted', [])),
            row.others if row.seconds else None, row.loaded, row.error,
            ' '.join(map(str, row.seconds)), run.seconds,
            *(run.machine.get(key) for key in VERSIONS), len(own_cores()),
            run.machine.get('python'), *libraries.values()
        ])
    return out.getvalue()
