"""Write tables as CSV, Markdown and LaTeX."""
import io
from collections.abc import Sequence
from pathlib import Path

from mmseg_ext.basics import CsvWriter, write_atomically

from .tables import Cell, Table

NOTHING = '-'
LATEX = str.maketrans({
    '\\': r'\textbackslash{}', '{': r'\{', '}': r'\}', '&': r'\&',
    '%': r'\%', '$': r'\$', '#': r'\#', '_': r'\_',
    '~': r'\textasciitilde{}', '^': r'\textasciicircum{}'
})


def _show(cell: Cell, plus_minus: str) -> str:
    """Write a cell: mean +- spread, and the runs where some are missing."""
    if cell.value is None:
        return NOTHING
    if cell.printed is not None:
        return cell.printed
    if cell.shown is not None:
        return cell.shown
    text = f'{cell.value:.{cell.digits}f}'
    if cell.spread is not None:
        text += f'{plus_minus}{cell.spread:.{cell.digits}f}'
    return text


def _range(cell: Cell) -> str:
    if cell.quartiles is not None:
        low, high = cell.quartiles
        return f' ({low:.{cell.digits}f} to {high:.{cell.digits}f})'
    if cell.interval is not None:
        low, high = cell.interval
        form = f'{"" if cell.shown is None else "+"}.{cell.digits}f'
        return f' ({low:{form}} to {high:{form}})'
    return ''


def _runs(cell: Cell) -> str:
    if cell.runs is None or cell.runs == cell.expected:
        return ''
    return f' (n={cell.runs} of {cell.expected})'


def to_csv(table: Table) -> str:
    """Full precision; a mean is three columns: mean, std and n.

    A median is three, too, where its quartiles are known, and a difference
    with its interval.
    """
    out = io.StringIO()
    writer = CsvWriter(out)
    means, medians, differences = ([
        any(getattr(row[i], kind) is not None for row in table.rows.values())
        for i in range(len(table.headings))
    ] for kind in ('runs', 'quartiles', 'interval'))
    head = [table.corner]
    for heading, is_mean, is_median, is_difference in zip(
            table.headings, means, medians, differences):
        head += [heading]
        if is_mean:
            head += [f'{heading} std', f'{heading} n']
        if is_median:
            head += [f'{heading} lower quartile', f'{heading} upper quartile']
        if is_difference:
            head += [f'{heading} low', f'{heading} high']
    writer.writerow(head)
    for title, cells in table.rows.items():
        line = [title]
        for cell, is_mean, is_median, is_difference in zip(
                cells, means, medians, differences):
            line += [cell.printed or cell.value]
            if is_mean:
                line += [cell.spread, cell.runs]
            if is_median:
                line += cell.quartiles or (None, None)
            if is_difference:
                line += cell.interval or (None, None)
        writer.writerow(line)
    return out.getvalue()


def to_markdown(table: Table) -> str:
    """A pipe table under its title."""
    lines = [[table.corner, *table.headings],
             ['---'] + ['---:'] * len(table.headings)]
    for title, cells in table.rows.items():
        shown = []
        for cell in cells:
            text = _show(cell, ' ± ')
            shown.append((f'**{text}**' if cell.best else text)
                         + _range(cell) + _runs(cell))
        lines.append([title, *shown])
    text = '\n'.join(
        '| ' + ' | '.join(part.replace('|', r'\|') for part in line) + ' |'
        for line in lines)
    return f'### {table.title}\n\n{text}\n'


def to_latex(table: Table) -> str:
    """A tabular for the package booktabs, its title as a comment."""
    head = [table.corner, *table.headings]
    lines = []
    for title, cells in table.rows.items():
        line = [title.translate(LATEX)]
        for cell in cells:
            number = _show(cell, r' \pm ')
            if cell.best:
                number = rf'\mathbf{{{number}}}'
            text = NOTHING if cell.value is None else f'${number}$'
            line.append(text + _range(cell) + _runs(cell))
        lines.append(' & '.join(line) + r' \\')
    return '\n'.join([
        f'% {table.title}; \\usepackage{{booktabs}}',
        rf'\begin{{tabular}}{{l{"r" * len(table.headings)}}}',
        r'\toprule',
        ' & '.join(part.translate(LATEX) for part in head) + r' \\',
        r'\midrule',
        *lines,
        r'\bottomrule',
        r'\end{tabular}',
        '',
    ])


def write_measured(tables: Sequence[Table], notes: Sequence[str], csv: str,
                   folder: Path) -> tuple[list[Path], str]:
    """Write ``NAME.csv`` and ``NAME.md``, after the name of the first table.

    Args:
        tables: For people.
        notes: What must be known of them.
        csv: The same in full precision.
        folder: Gets the files.

    Returns:
        The files, and the text of tables and notes.
    """
    text = '\n'.join([*map(to_markdown, tables), notes_as_markdown(notes)])
    files = [folder / f'{tables[0].name}.{kind}' for kind in ('csv', 'md')]
    for file, content in zip(files, (csv, text)):
        write_atomically(file, content)
    return files, text


def notes_as_markdown(notes: Sequence[str]) -> str:
    return ''.join(f'- {note}\n' for note in notes)


def notes_as_latex(notes: Sequence[str]) -> str:
    return ''.join(f'% {note}\n' for note in notes)
