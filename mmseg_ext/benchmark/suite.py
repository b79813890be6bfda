"""Read a benchmark suite: which models, seeds, budget and data."""
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from mmseg_ext.engine import find_config, read_config

from .row_options import Row, check_needs, read_rows, settle_against
from .suite_values import (
    check_keys,
    check_known,
    check_mapping,
    check_name,
    check_number,
    check_options,
    check_section,
    check_seeds,
    check_size,
    check_text,
    is_whole,
)

BETTER = ('higher', 'lower')
REQUIRED = ('title', 'budget', 'data_root', 'data_help', 'input_size',
            'seeds', 'columns', 'rows')
OPTIONAL = ('runs', 'fill', 'cfg_options', 'from_scratch', 'equal_time',
            'groups', 'folds', 'reference', 'gap', 'published', 'quick')
QUICK = ('budget', 'seeds', 'input_size', 'cfg_options', 'from_scratch',
         'equal_time', 'folds')


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
class FoldWishes:
    """How every row is cross-validated.

    Attributes:
        number: How many folds.
        groups: What stays together, see
            :func:`mmseg_ext.planning.read_keys`; None: near duplicates alone.
        seed: Of dealing the images out.
    """
    number: int
    groups: Optional[str] = None
    seed: int = 0


@dataclass(frozen=True)
class Gap:
    """Rows between whose numbers those of the others lie, more or less.

    Attributes:
        source: Trained on one domain, tested on another.
        oracle: Trained on the labels of the other.
    """
    source: str
    oracle: str


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
        folds: Every row is trained once for each, and judged by what it has
            not seen; None: by the test part.
        gap: Of which every row closes some; None: no such column.
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
    folds: Optional[FoldWishes] = None
    gap: Optional[Gap] = None

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    @property
    def num_runs(self) -> int:
        """Of a row."""
        return len(self.seeds) * (1 if self.folds is None
                                  else self.folds.number)


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
                     stands before it, seed by seed. pruned=dict(row=,
                     ratio=, importance='magnitude', after_norm=False,
                     round_to=8): it starts from that row's run of its seed
                     with fewer channels, and trains by its own config;
                     ratio=0: with all.
                     adapted=dict(row=, method='intensity', images=
                     'images/target', alpha=, crops=): it is that row's run
                     of its seed, adapted to unlabelled images in that folder
                     of the data as by tools/adapt.py; nothing is trained.
                     pseudo_labels=dict(row=, images='images/target',
                     threshold=0.9, per_class=0.5): that row's run of its
                     seed labels the images as tools/pseudo_label.py does,
                     and it trains on from there with these, too; if that row
                     has pseudo-labels itself, this is the next round.
                     target='images/target': a SourceTargetDataset takes the
                     unlabelled images in that folder of the data
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
        folds        5, or dict(number=5, groups=PATTERN or CSV FILE, seed=0):
                     training and validation images are pooled and dealt out
                     as by tools/cross_validate.py, and every row is trained
                     once for each fold and seed. The columns are then of the
                     held-out images, and the rows are compared with each
                     other image by image. Not with rows that start from
                     others
        reference    row that the others are compared with, where there are
                     folds; the first if it is left out. A row may have its
                     own: against='row'
        gap          dict(source=, oracle=): rows that are trained on one
                     domain and on that of the test; a column says how much
                     of the gap between them every other row closes
        published    dict(source=, comparable=, note=, values={row: {column:
                     '47.8'}}, groups={group: {row: '89.7'}}). comparable:
                     labels and protocol are the same; the numbers then
                     stand beside ours, else in a table of their own under
                     the note, which says why
        quick        dict of budget, seeds, input_size, cfg_options,
                     from_scratch, equal_time and folds in their place when
                     time is short. A row may have its own quick=dict(config=,
                     title=, cfg_options=), or quick=False: it is left out

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
    check_keys(str(path), suite, REQUIRED, OPTIONAL)
    rows = suite['rows']
    if quick:
        if 'quick' not in suite:
            raise ValueError(f'{path} has no quick budget')
        short = check_section(f'{path}: quick', suite['quick'],
                              ('budget', ), QUICK)
        suite = {**suite, **short}
    columns = _read_columns(f'{path}: columns', suite['columns'])
    kept_rows = read_rows(path, rows, quick, suite.get('fill', {}))
    check_needs(path, kept_rows, suite.get('equal_time'))
    folds = _read_folds(path, suite.get('folds'))
    kept_rows = settle_against(path, kept_rows, suite.get('reference'),
                               folds is not None)
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
        runs=check_name(f'{path}: runs',
                        suite.get('runs', path.stem)) + ending,
        title=check_text(f'{path}: title', suite['title']),
        budget=check_text(f'{path}: budget', suite['budget']),
        data_root=data_root or check_text(f'{path}: data_root',
                                          suite['data_root']),
        data_help=check_text(f'{path}: data_help', suite['data_help']),
        input_size=check_size(f'{path}: input_size', suite['input_size']),
        seeds=check_seeds(f'{path}: seeds', suite['seeds']),
        columns=columns,
        rows=kept_rows,
        cfg_options=check_options(f'{path}: cfg_options',
                                  suite.get('cfg_options', {})),
        from_scratch=from_scratch or bool(suite.get('from_scratch', False)),
        equal_time=_read_equal_time(
            f'{path}: equal_time', suite.get('equal_time'),
            [row.name for row in kept_rows]),
        groups=groups,
        published=published,
        folds=folds,
        gap=_read_gap(f'{path}: gap', suite.get('gap'),
                      [row.name for row in kept_rows]))


def _read_columns(where: str, section) -> tuple[Column, ...]:
    if not isinstance(section, dict) or not section:
        raise ValueError(f'{where} is {section!r}: must name at least one '
                         "number of the test, such as {'mIoU': "
                         "dict(title='mIoU', unit='%')}")
    columns = []
    for key, values in section.items():
        here = f'{where}.{key}'
        check_section(here, values, ('title', ), ('unit', 'digits', 'better'))
        column = Column(key, **values)
        check_text(f'{here}.title', column.title)
        if column.better not in BETTER:
            raise ValueError(f'{here}.better is {column.better!r}: must be '
                             f'one of {BETTER}')
        if not is_whole(column.digits, 0):
            raise ValueError(f'{here}.digits is {column.digits!r}: must be '
                             'the number of decimals')
        columns.append(column)
    return tuple(columns)


def _read_equal_time(where: str, section,
                     rows: Collection[str]) -> Optional[EqualTime]:
    if section is None:
        return None
    check_section(where, section, ('row', 'steps'), ())
    check_known(where, section['row'], rows)
    if not is_whole(section['steps'], 1):
        raise ValueError(f'{where}.steps is {section["steps"]!r}: must be the '
                         'number of steps of its row')
    return EqualTime(**section)


def _read_gap(where: str, section,
              rows: Collection[str]) -> Optional[Gap]:
    if section is None:
        return None
    check_section(where, section, ('source', 'oracle'), ())
    for name in section.values():
        check_known(where, name, rows)
    return Gap(**section)


def _read_folds(path: Path, section) -> Optional[FoldWishes]:
    if section is None:
        return None
    where = f'{path}: folds'
    if not isinstance(section, dict):
        section = dict(number=section)
    check_section(where, section, ('number', ), ('groups', 'seed'))
    folds = FoldWishes(**section)
    if not is_whole(folds.number, 2):
        raise ValueError(f'{where} is {folds.number!r}: must be the number '
                         'of folds, 2 or more')
    if not is_whole(folds.seed, 0):
        raise ValueError(f'{where}.seed is {folds.seed!r}: must be an '
                         'integer of 0 or more')
    if folds.groups is None:
        return folds
    groups = check_text(f'{where}.groups', folds.groups)
    beside = path.parent / groups
    return replace(folds, groups=str(beside) if beside.is_file() else groups)


def _read_groups(where: str, section) -> Optional[Groups]:
    if section is None:
        return None
    check_section(where, section, ('key', 'columns'), ())
    return Groups(
        check_text(f'{where}.key', section['key']),
        _read_columns(f'{where}.columns', section['columns']))


def _read_published(where: str, section, titles: dict[str, str],
                    columns: Collection[str],
                    quick: bool) -> Optional[Published]:
    if section is None:
        return None
    check_section(where, section, ('source', 'comparable', 'note'),
                  ('values', 'groups'))
    values = check_mapping(f'{where}.values', section.get('values', {}))
    groups = check_mapping(f'{where}.groups', section.get('groups', {}))
    for row, numbers in values.items():
        check_known(f'{where}.values', row, titles)
        for column, number in check_mapping(f'{where}.values.{row}',
                                                 numbers).items():
            check_known(f'{where}.values.{row}', column, columns)
            check_number(f'{where}.values.{row}.{column}', number)
    for group, numbers in groups.items():
        for row, number in check_mapping(f'{where}.groups.{group}',
                                              numbers).items():
            check_known(f'{where}.groups.{group}', row, titles)
            check_number(f'{where}.groups.{group}.{row}', number)
    comparable = section['comparable']
    if comparable not in (True, False):
        raise ValueError(f'{where}.comparable is {comparable!r}: must be '
                         'True or False')
    if comparable and groups:
        raise ValueError(f'{where}: numbers of groups are printed in a table '
                         'of their own; set comparable=False')
    note = check_text(f'{where}.note', section['note'])
    if quick:
        comparable = False
        note += (' And these runs are short ones, some of smaller models '
                 'under the same row.')
    return Published(
        check_text(f'{where}.source', section['source']), comparable, note,
        titles, values, groups)

