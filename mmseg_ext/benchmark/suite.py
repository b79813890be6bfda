"""Read a benchmark suite: which models, seeds, budget and data."""
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from mmseg_ext.engine import find_config, read_config

BETTER = ('higher', 'lower')
NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.+-]*')
REQUIRED = ('title', 'budget', 'data_root', 'data_help', 'input_size',
            'seeds', 'columns', 'rows')
OPTIONAL = ('runs', 'fill', 'cfg_options', 'from_scratch', 'equal_time',
            'groups', 'published', 'quick')
QUICK = ('budget', 'seeds', 'input_size', 'cfg_options', 'from_scratch',
         'equal_time')
PLAN = ('model', 'encoder', 'classes')


@dataclass(frozen=True)
class Column:
    """A number of a test's result, and how it is printed."""
    key: str
    title: str
    unit: str = ''
    digits: int = 2
    better: str = 'higher'

    @property
    def heading(self) -> str:
        return f'{self.title} ({self.unit})' if self.unit else self.title


@dataclass(frozen=True)
class Row:
    """A model: its config file, and what is changed in it.

    Attributes:
        config: Path of the config; empty where it is planned.
        plan: What ``tools/plan.py`` is asked for, where the config is the
            one that it writes for the data.
        teacher: Row whose run of the same seed it learns from; it comes
            first.
    """
    name: str
    title: str
    config: str
    cfg_options: dict = field(default_factory=dict)
    plan: Optional[dict] = None
    teacher: Optional[str] = None


@dataclass(frozen=True)
class EqualTime:
    """Every row trains for as long as one takes for its steps."""
    row: str
    steps: int


@dataclass(frozen=True)
class Groups:
    """Numbers of each group of images: ``<group>.<column's key>``."""
    key: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Published:
    """Numbers from elsewhere, as strings: printed as they stand.

    Attributes:
        titles: Row -> its title in the full suite.
        values: Row -> column -> number.
        groups: Group -> row -> number.
    """
    source: str
    comparable: bool
    note: str
    titles: dict[str, str]
    values: dict[str, dict[str, str]]
    groups: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Suite:
    """What :func:`read_suite` has read and checked.

    Attributes:
        name: Of the folder of its tables: the file's, with '-quick' behind
            it for the short budget.
        runs: Of the folder of its runs.
    """
    name: str
    runs: str
    title: str
    budget: str
    data_root: str
    data_help: str
    input_size: tuple[int, int]
    seeds: tuple[int, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    cfg_options: dict
    from_scratch: bool
    equal_time: Optional[EqualTime]
    groups: Optional[Groups]
    published: Optional[Published]

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)


def read_suite(path: str | os.PathLike,
               quick: bool = False,
               data_root: Optional[str] = None,
               from_scratch: bool = False) -> Suite:
    """Read a suite file, a config of mmengine with these variables.

    ::

        title        what the tables show
        budget       how long each model is trained, in words, for the notes
        data_root    data folder of every run
        data_help    where the data come from, for when they are missing
        input_size   (height, width) at which costs are measured
        seeds        one training run of every row for each
        columns      {name in the test's result: dict(title=, unit='',
                     digits=2, better='higher' or 'lower')}
        rows         {name: dict(config=, title=, cfg_options={})}, the
                     config's path as seen from the suite file, or
                     package::path. plan=dict(model=, encoder=, classes=),
                     all optional, in place of config: what tools/plan.py
                     makes of the data. teacher='row', of a config with a
                     DistillEncoderDecoder: it learns from that row, which
                     stands before it, seed by seed
        runs         name of the folder of the runs, the suite's own if it
                     is left out. Suites with the same one share the runs of
                     rows of the same name
        fill         {name: text} for what stands in braces in the configs of
                     rows: suites of other data may then share the rows
        cfg_options  changes to every config, as --cfg-options; before the
                     row's own
        from_scratch random weights instead of pretrained ones
        equal_time   dict(row=, steps=): that row takes these steps, every
                     other as many as fit into the same time, by steps that
                     are timed in turn on this machine before the first run
        groups       dict(key='category', columns=...): further tables of the
                     numbers that a metric with this group_key returns
        published    dict(source=, comparable=, note=, values={row: {column:
                     '47.8'}}, groups={group: {row: '89.7'}}). comparable:
                     labels and protocol are the same; the numbers then
                     stand beside ours, else in a table of their own under
                     the note, which says why
        quick        dict of budget, seeds, input_size, cfg_options,
                     from_scratch and equal_time in their place when time is
                     short. A row
                     may have its own quick=dict(config=, title=,
                     cfg_options=), or quick=False: it is left out

    Args:
        path: Suite file, or ``package::path`` as for a config.
        quick: Take the short budget.
        data_root: Data folder in place of the suite's.
        from_scratch: Random weights, whatever the suite says.

    Raises:
        FileNotFoundError: If the file, or a row's config, does not exist.
        ValueError: If something in it is missing, unknown or no value that
            it can have.
    """
    path = Path(find_config(path, 'suite file'))
    try:
        suite = read_config(path).to_dict()
    except (OSError, ValueError):
        raise
    except Exception as error:  # it is a program
        raise ValueError(f'{path} cannot be read: {error}.') from error
    _check_keys(str(path), suite, REQUIRED, OPTIONAL)
    rows = suite['rows']
    if quick:
        if 'quick' not in suite:
            raise ValueError(f'{path} has no quick budget')
        short = _section(f'{path}: quick', suite['quick'], ('budget', ),
                         QUICK)
        suite = {**suite, **short}
    columns = _read_columns(f'{path}: columns', suite['columns'])
    read_rows = _read_rows(path, rows, quick, suite.get('fill', {}))
    _check_teachers(path, read_rows, suite.get('equal_time'))
    groups = _read_groups(f'{path}: groups', suite.get('groups'))
    published = _read_published(
        f'{path}: published', suite.get('published'),
        {name: values['title'] for name, values in rows.items()},
        {column.key for column in columns}, quick)
    if published is not None and published.groups and groups is None:
        raise ValueError(
            f'{path}: published has groups, the suite itself has none')
    ending = '-quick' if quick else ''
    return Suite(
        name=path.stem + ending,
        runs=_name(f'{path}: runs', suite.get('runs', path.stem)) + ending,
        title=_text(f'{path}: title', suite['title']),
        budget=_text(f'{path}: budget', suite['budget']),
        data_root=data_root or _text(f'{path}: data_root',
                                     suite['data_root']),
        data_help=_text(f'{path}: data_help', suite['data_help']),
        input_size=_size(f'{path}: input_size', suite['input_size']),
        seeds=_seeds(f'{path}: seeds', suite['seeds']),
        columns=columns,
        rows=read_rows,
        cfg_options=_options(f'{path}: cfg_options',
                             suite.get('cfg_options', {})),
        from_scratch=from_scratch or bool(suite.get('from_scratch', False)),
        equal_time=_read_equal_time(
            f'{path}: equal_time', suite.get('equal_time'),
            [row.name for row in read_rows]),
        groups=groups,
        published=published)


def _check_keys(where: str, section: Mapping, required: Collection[str],
                optional: Collection[str]) -> None:
    allowed = [*required, *optional]
    unknown = [key for key in section if key not in allowed]
    if unknown:
        raise ValueError(f'{where} has {", ".join(unknown)}; what there can '
                         f'be is {", ".join(allowed)}')
    missing = [key for key in required if key not in section]
    if missing:
        raise ValueError(f'{where} has no {", ".join(missing)}')


def _mapping(where: str, value) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f'{where} is {value!r}: must be a dict')
    return value


def _section(where: str, section, required: Collection[str],
             optional: Collection[str]) -> dict:
    _check_keys(where, _mapping(where, section), required, optional)
    return section


def _text(where: str, value) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f'{where} is {value!r}: must be a text')
    return value


def _name(where: str, value) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError(f'{where} is {value!r}: must be the name of a '
                         'folder, of letters, digits and _ . + -')
    return value


def _options(where: str, value) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f'{where} is {value!r}: must be a dict such as '
                         "{'train_cfg.max_iters': 100}")
    return value


def _is_whole(value, low: int) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)
            and value >= low)


def _size(where: str, value) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(
            _is_whole(side, 1) for side in value):
        raise ValueError(f'{where} is {value!r}: must be (height, width) in '
                         'pixels')
    return tuple(value)


def _seeds(where: str, value) -> tuple[int, ...]:
    if not isinstance(value, (tuple, list)) or not value or not all(
            _is_whole(seed, 0) for seed in value) or (
                len({*value}) < len(value)):
        raise ValueError(f'{where} is {value!r}: must be different integers '
                         'of 0 or more, such as [0, 1, 2]')
    return tuple(value)


def _read_columns(where: str, section) -> tuple[Column, ...]:
    if not isinstance(section, dict) or not section:
        raise ValueError(f'{where} is {section!r}: must name at least one '
                         "number of the test, such as {'mIoU': "
                         "dict(title='mIoU', unit='%')}")
    columns = []
    for key, values in section.items():
        here = f'{where}.{key}'
        _section(here, values, ('title', ), ('unit', 'digits', 'better'))
        column = Column(key, **values)
        _text(f'{here}.title', column.title)
        if column.better not in BETTER:
            raise ValueError(f'{here}.better is {column.better!r}: must be '
                             f'one of {BETTER}')
        if not _is_whole(column.digits, 0):
            raise ValueError(f'{here}.digits is {column.digits!r}: must be '
                             'the number of decimals')
        columns.append(column)
    return tuple(columns)


def _read_rows(path: Path, section, quick: bool,
               fill) -> tuple[Row, ...]:
    for name, text in _mapping(f'{path}: fill', fill).items():
        _text(f'{path}: fill.{name}', text)
    if not isinstance(section, dict) or not section:
        raise ValueError(f'{path}: rows is {section!r}: must name at least '
                         'one model')
    rows = []
    for name, values in section.items():
        where = f'{path}: rows.{name}'
        _name(f'{path}: a row', name)
        parts = ('title', 'config', 'plan', 'cfg_options', 'teacher')
        _section(where, values, parts[:1], (*parts[1:], 'quick'))
        if quick:
            short = values.get('quick', {})
            if short is False:
                continue
            short = _section(f'{where}.quick', short, (), parts)
            if {'config', 'plan'} & {*short}:  # in place of either
                values = {name: value for name, value in values.items()
                          if name not in ('config', 'plan')}
            values = {**values, **short}
        if ('config' in values) == ('plan' in values):
            raise ValueError(f'{where} must have either config or plan')
        config, plan = '', None
        if 'plan' in values:
            plan = _section(f'{where}.plan', values['plan'], (), PLAN)
            for key, value in plan.items():
                for part in value if (
                        key == 'classes' and isinstance(value, (list, tuple))
                ) else [value]:
                    _text(f'{where}.plan.{key}', part)
        else:
            config = _filled(f'{where}.config', values['config'], fill)
            if '::' not in config:
                config = str(path.parent / config)
            config = str(Path(find_config(config, where=where)).resolve())
        rows.append(
            Row(name, _text(f'{where}.title', values['title']), config,
                _options(f'{where}.cfg_options',
                         values.get('cfg_options', {})), plan,
                values.get('teacher')))
    if not rows:
        raise ValueError(f'{path}: the quick budget has no row')
    titles = [row.title for row in rows]
    twice = sorted({title for title in titles if titles.count(title) > 1})
    if twice:
        raise ValueError(f'{path}: several rows have the title '
                         f'{", ".join(twice)}')
    return tuple(rows)


def _check_teachers(path: Path, rows: tuple[Row, ...], equal_time) -> None:
    for i, row in enumerate(rows):
        if row.teacher is None:
            continue
        if row.teacher not in [before.name for before in rows[:i]]:
            raise ValueError(
                f'{path}: rows.{row.name}.teacher is {row.teacher!r}: must be '
                'a row that stands before it')
        if equal_time is not None:
            raise ValueError(
                f'{path}: rows.{row.name} has a teacher, whose training the '
                'steps of equal_time would have to wait for: give it '
                'train_cfg.max_iters in cfg_options')


def _read_equal_time(where: str, section,
                     rows: Collection[str]) -> Optional[EqualTime]:
    if section is None:
        return None
    _section(where, section, ('row', 'steps'), ())
    _check_known(where, section['row'], rows)
    if not _is_whole(section['steps'], 1):
        raise ValueError(f'{where}.steps is {section["steps"]!r}: must be the '
                         'number of steps of its row')
    return EqualTime(**section)


def _filled(where: str, config, fill: Mapping[str, str]) -> str:
    try:
        return _text(where, config).format_map(fill)
    except (KeyError, IndexError) as error:
        raise ValueError(
            f'{where} is {config!r}: fill has no {error}') from None
    except (ValueError, AttributeError) as error:
        raise ValueError(f'{where} is {config!r}: {error}') from None


def _read_groups(where: str, section) -> Optional[Groups]:
    if section is None:
        return None
    _section(where, section, ('key', 'columns'), ())
    return Groups(
        _text(f'{where}.key', section['key']),
        _read_columns(f'{where}.columns', section['columns']))


def _read_published(where: str, section, titles: dict[str, str],
                    columns: Collection[str],
                    quick: bool) -> Optional[Published]:
    if section is None:
        return None
    _section(where, section, ('source', 'comparable', 'note'),
             ('values', 'groups'))
    values = _mapping(f'{where}.values', section.get('values', {}))
    groups = _mapping(f'{where}.groups', section.get('groups', {}))
    for row, numbers in values.items():
        _check_known(f'{where}.values', row, titles)
        for column, number in _mapping(f'{where}.values.{row}',
                                       numbers).items():
            _check_known(f'{where}.values.{row}', column, columns)
            _check_number(f'{where}.values.{row}.{column}', number)
    for group, numbers in groups.items():
        for row, number in _mapping(f'{where}.groups.{group}',
                                    numbers).items():
            _check_known(f'{where}.groups.{group}', row, titles)
            _check_number(f'{where}.groups.{group}.{row}', number)
    comparable = section['comparable']
    if comparable not in (True, False):
        raise ValueError(f'{where}.comparable is {comparable!r}: must be '
                         'True or False')
    if comparable and groups:
        raise ValueError(f'{where}: numbers of groups are printed in a table '
                         'of their own; set comparable=False')
    note = _text(f'{where}.note', section['note'])
    if quick:
        comparable = False
        note += (' And these runs are short ones, some of smaller models '
                 'under the same row.')
    return Published(
        _text(f'{where}.source', section['source']), comparable, note, titles,
        values, groups)


def _check_known(where: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise ValueError(f'{where} has {name!r}; there are '
                         f'{", ".join(sorted(known))}')


def _check_number(where: str, value) -> None:
    try:
        float(_text(where, value))
    except ValueError:
        raise ValueError(f"{where} is {value!r}: must be a number in "
                         "quotation marks, as it was printed") from None
