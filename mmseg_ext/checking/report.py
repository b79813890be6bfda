"""Write what a check found: for the terminal, as Markdown, as HTML."""
import base64
import html
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from prettytable import PrettyTable

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.printable import counted

from .dataset_check import CheckResult
from .findings import ERROR, NOTE, WARNING, Finding, Picture
from .pair_check import Rules
from .statistics import SplitStatistics

SUFFIXES = ('.html', '.md')
STYLE = '''
body { font: 15px/1.5 sans-serif; color: #222; max-width: 70em;
  margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; }
.verdict { padding: .6em 1em; border-left: 6px solid; background: #f6f6f6; }
.finding { border-left: 6px solid; padding: .1em 1em; margin: 1em 0; }
.error { border-color: #c62828; } .warning { border-color: #ef8f00; }
.note { border-color: #90a4ae; } .good { border-color: #2e7d32; }
.severity { font-weight: bold; text-transform: uppercase; font-size: .8em; }
.names { color: #555; font-size: .9em; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { border: 1px solid #ccc; padding: .25em .7em; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.bar { display: inline-block; height: .7em; background: #5c8fbd; }
.swatch { display: inline-block; width: .8em; height: .8em;
  margin: 0 .3em 0 1em; border: 1px solid #555; }
figure { display: inline-table; margin: .4em 1em .4em 0; }
figure img { max-width: 34em; margin-right: 4px; }
figcaption { display: table-caption; caption-side: bottom; font-size: .8em;
  color: #555; overflow-wrap: anywhere; }
'''.strip()


def check_target(path: str, overwrite: bool = False) -> None:
    """Raise unless a report can be written there.

    Raises:
        FileExistsError: If there is one, and ``overwrite`` is not set.
        ValueError: If the suffix is of another format.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise ValueError(f'--report {path}: the report is written as '
                         f'{" or ".join(SUFFIXES)}')
    files = [Path(path)]
    if files[0].suffix.lower() == '.md':
        files.append(_picture_folder(files[0]))
    taken = [file for file in files if file.exists()]
    if taken and not overwrite:
        raise FileExistsError(
            f'{taken[0]} exists already. Choose another name with --report, '
            'or replace it knowingly with --overwrite')


def _picture_folder(target: Path) -> Path:
    return target.with_name(f'{target.stem}_pictures')


def write_report(path: str, result: CheckResult, title: str) -> None:
    """Write a report as one file of HTML, or as Markdown.

    The pictures of a Markdown report are in a folder beside it,
    ``<name>_pictures``.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix.lower() == '.html':
        write_atomically(target, to_html(result, title))
        return
    folder = _picture_folder(target)
    number = 0

    def save(content: bytes) -> str:
        nonlocal number
        number += 1
        folder.mkdir(exist_ok=True)
        name = f'{number:03d}.jpg'
        write_atomically(folder / name, content)
        return f'{folder.name}/{name}'.replace(' ', '%20')

    write_atomically(target, to_markdown(result, title, save))


def verdict(result: CheckResult) -> str:
    """Return the check's result in one sentence."""
    counts = [(result.count(severity), severity)
              for severity in (ERROR, WARNING, NOTE)]
    listed = ', '.join(counted(number, name) for number, name in counts)
    if result.failed:
        return f'{listed}: training would go wrong. Fix the errors first.'
    return f'{listed}: training can begin.'


def to_text(result: CheckResult) -> str:
    """Return what is printed in the terminal."""
    parts = []
    for finding in result.findings:
        lines = [f'{finding.severity.upper()}: {finding.what}']
        if finding.names:
            lines.append(f'  {_names(finding)}')
        if finding.fix:
            lines.append(f'  -> {finding.fix}')
        parts.append('\n'.join(lines))
    for title, head, rows in _tables(result.statistics):
        table = PrettyTable(head, title=title)
        table.align = 'r'
        table.align[head[0]] = 'l'
        table.add_rows(rows)
        parts.append(str(table))
    return '\n\n'.join([*parts, verdict(result)])


def _names(finding: Finding) -> str:
    more = finding.count - len(finding.names)
    return ', '.join(finding.names) + (f' and {more} more' if more > 0 else '')


def _tables(statistics: Sequence[SplitStatistics]) -> list[tuple]:
    """Return (title, head, rows) of every table."""
    head = ['split', 'pairs', 'images read', 'masks read', 'sizes',
            'mean (RGB)', 'deviation (RGB)', 'no label']
    rows = []
    for s in statistics:
        sizes = sorted(s.sizes, key=s.sizes.get, reverse=True)
        listed = ', '.join(f'{w} x {h}' for w, h in sizes[:2])
        rows.append([
            s.name, s.listed, s.images, s.masks,
            f'{listed} and {len(sizes) - 2} more' if len(sizes) > 2 else
            listed or '-',
            _triple(s.mean) if s.images else '-',
            _triple(s.std) if s.images else '-',
            f'{100 * s.ignored:.2f} %' if s.masks else '-'
        ])
    tables = [('Images and masks', head, rows)]
    by_classes = {}
    for s in statistics:
        if s.masks:
            by_classes.setdefault(tuple(s.rules.classes), []).append(s)
    for classes, parts in by_classes.items():
        tables.append((
            'Fraction of the pixels (number of masks)',
            ['class', *_distinct(s.name for s in parts)],
            [[f'{i} {name}',
              *(f'{100 * s.fractions[i]:.2f} % ({s.masks_with[i]})'
                for s in parts)]
             for i, name in enumerate(classes)]))
    return tables


def _distinct(names: Iterable[str]) -> list[str]:
    """Number names that are there already, as those of a ConcatDataset."""
    found: list[str] = []
    for name in names:
        same = sum(other.split(' (')[0] == name for other in found)
        found.append(f'{name} ({same + 1})' if same else name)
    return found


def _triple(values: Sequence[float]) -> str:
    return ' '.join(f'{value:.1f}' for value in values)


def to_markdown(result: CheckResult, title: str,
                save: Callable[[bytes], str]) -> str:
    """Return a report as Markdown.

    Args:
        result: What was found.
        title: What was checked.
        save: Stores a JPEG file and returns what to call it.
    """
    lines = [f'# {title}', '', f'**{verdict(result)}**', '', '## Findings']
    if not result.findings:
        lines += ['', 'None.']
    for finding in result.findings:
        lines += ['', f'**{finding.severity.upper()}** '
                  f'{_escape(finding.what)}', '']
        if finding.names:
            lines += [f'`{_names(finding)}`', '']
        if finding.fix:
            lines += [f'**Fix:** {_escape(finding.fix)}', '']
        lines += _pictures_as_markdown(finding.pictures, save)
    for name, head, rows in _tables(result.statistics):
        lines += ['', f'## {name}', '', f'| {" | ".join(head)} |',
                  f'|{"---|" * len(head)}']
        lines += [f'| {" | ".join(map(str, row))} |' for row in rows]
    for name, pictures in result.examples.items():
        lines += ['', f'## Pairs of {name}', '',
                  *_pictures_as_markdown(pictures, save)]
    return '\n'.join(lines) + '\n'


def _escape(text: str) -> str:
    for sign in '\\*_<|':
        text = text.replace(sign, f'\\{sign}')
    return text


def _pictures_as_markdown(pictures: Sequence[Picture],
                          save: Callable[[bytes], str]) -> list[str]:
    lines = []
    for picture in pictures:
        parts = [f'![{what}]({save(content)})' for what, content in (
            ('image', picture.image), ('mask', picture.mask)) if content]
        lines += [f'{" ".join(parts)} {_escape(picture.name)}', '']
    return lines


def to_html(result: CheckResult, title: str) -> str:
    """Return a report as one HTML page that needs no other file."""
    title = html.escape(title)
    state = ERROR if result.failed else (
        WARNING if result.count(WARNING) else 'good')
    parts = [
        '<!DOCTYPE html>', '<html lang="en"><head><meta charset="utf-8">',
        f'<title>{title}</title>', f'<style>{STYLE}</style></head><body>',
        f'<h1>{title}</h1>',
        f'<p class="verdict {state}">{html.escape(verdict(result))}</p>',
        '<h2>Findings</h2>'
    ]
    if not result.findings:
        parts.append('<p>None.</p>')
    for finding in result.findings:
        parts += [
            f'<div class="finding {finding.severity}">',
            f'<p><span class="severity">{finding.severity}</span> '
            f'{html.escape(finding.what)}</p>'
        ]
        if finding.fix:
            parts.append(f'<p><b>Fix:</b> {html.escape(finding.fix)}</p>')
        if finding.names:
            parts.append(
                f'<p class="names">{html.escape(_names(finding))}</p>')
        parts += [*map(_figure, finding.pictures), '</div>']
    for name, head, rows in _tables(result.statistics):
        parts += [f'<h2>{html.escape(name)}</h2>', '<table>', _row(head, 'th')]
        parts += [_row(row, 'td') for row in rows]
        parts.append('</table>')
    rules = {s.name: s.rules for s in result.statistics}
    for name, pictures in result.examples.items():
        parts += [f'<h2>Pairs of {html.escape(name)}</h2>',
                  _legend(rules[name]), *map(_figure, pictures)]
    return '\n'.join([*parts, '</body></html>']) + '\n'


def _row(cells: Sequence, tag: str) -> str:
    inner = ''
    for cell in map(str, cells):
        percent, is_fraction, _ = cell.partition(' % (')
        bar = ''
        if is_fraction:  # as long as the class's fraction
            bar = (f'<span class="bar" style="width:{1.5 * float(percent):.0f}'
                   'px"></span> ')
        inner += f'<{tag}>{bar}{html.escape(cell)}</{tag}>'
    return f'<tr>{inner}</tr>'


def _legend(rules: Rules) -> str:
    """Name the colours in which masks that could be read are drawn."""
    return '<p>Masks: ' + ''.join(
        '<span class="swatch" style="background:rgb'
        f'({",".join(map(str, colour))})"></span>{html.escape(name)}'
        for name, colour in zip(rules.classes, rules.palette)) + '</p>'


def _figure(picture: Picture) -> str:
    images = ''.join(
        f'<img alt="{what}" src="data:image/jpeg;base64,'
        f'{base64.b64encode(content).decode()}">'
        for what, content in (('image', picture.image),
                              ('mask', picture.mask)) if content)
    return (f'<figure>{images}<figcaption>{html.escape(picture.name)}'
            '</figcaption></figure>')
