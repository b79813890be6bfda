"""Rows of a suite: each a model, and what its runs start from."""
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from mmseg_ext.engine import find_config

from .row_starts import READERS, Adapted, Pruned, PseudoLabelled, read_starts
from .suite_values import (
    check_known,
    check_mapping,
    check_name,
    check_options,
    check_section,
    check_text,
    fill_in,
)

PLAN = ('model', 'encoder', 'classes')


@dataclass(frozen=True)
class Row:
    """A model: its config file, and what is changed in it.

    Attributes:
        config: Path of the config; empty where it is planned.
        plan: What ``tools/plan.py`` is asked for, where the config is the
            one that it writes for the data.
        teacher: Row whose run of the same seed it learns from; it comes
            first.
        pruned: Of which row's run it starts, and with how much less.
        adapted: Which row's run it is, adapted to other images; nothing is
            trained.
        pseudo_labels: Of which row's run it starts, and has labels of other
            images.
        target: Folder of unlabelled images that it trains on, too, as seen
            from the data folder.
        against: Row that it is compared with, image by image.
    """
    name: str
    title: str
    config: str
    cfg_options: dict = field(default_factory=dict)
    plan: Optional[dict] = None
    teacher: Optional[str] = None
    pruned: Optional[Pruned] = None
    adapted: Optional[Adapted] = None
    pseudo_labels: Optional[PseudoLabelled] = None
    target: Optional[str] = None
    against: Optional[str] = None

    def needs(self) -> dict[str, str]:
        """Return the rows whose runs come first, each with what for."""
        found = {start.row: start.what for start in (
            self.pruned, self.adapted, self.pseudo_labels)
            if start is not None}
        if self.teacher is not None:
            found[self.teacher] = 'learns from'
        return found


def read_rows(path: Path, section, quick: bool, fill) -> tuple[Row, ...]:
    """Read a suite's rows; see :func:`mmseg_ext.benchmark.read_suite`.

    Args:
        path: Suite file.
        section: Its rows.
        quick: Take what a row says for the short budget.
        fill: What stands in for braces in the paths of configs.

    Raises:
        FileNotFoundError: If a config does not exist.
        ValueError: If something is missing, unknown or no value that it can
            have.
    """
    for name, text in check_mapping(f'{path}: fill', fill).items():
        check_text(f'{path}: fill.{name}', text)
    if not isinstance(section, dict) or not section:
        raise ValueError(f'{path}: rows is {section!r}: must name at least '
                         'one model')
    rows = []
    for name, values in section.items():
        where = f'{path}: rows.{name}'
        check_name(f'{path}: a row', name)
        parts = ('title', 'config', 'plan', 'cfg_options', 'teacher',
                 *READERS, 'target', 'against')
        check_section(where, values, parts[:1], (*parts[1:], 'quick'))
        if quick:
            short = values.get('quick', {})
            if short is False:
                continue
            short = check_section(f'{where}.quick', short, (), parts)
            if {'config', 'plan'} & {*short}:  # in place of either
                values = {name: value for name, value in values.items()
                          if name not in ('config', 'plan')}
            values = {**values, **short}
        if ('config' in values) == ('plan' in values):
            raise ValueError(f'{where} must have either config or plan')
        config, plan = '', None
        if 'plan' in values:
            plan = check_section(f'{where}.plan', values['plan'], (), PLAN)
            for key, value in plan.items():
                for part in value if (
                        key == 'classes' and isinstance(value, (list, tuple))
                ) else [value]:
                    check_text(f'{where}.plan.{key}', part)
        else:
            config = fill_in(f'{where}.config', values['config'], fill)
            if '::' not in config:
                config = str(path.parent / config)
            config = str(Path(find_config(config, where=where)).resolve())
        rows.append(
            Row(name, check_text(f'{where}.title', values['title']), config,
                check_options(f'{where}.cfg_options',
                         values.get('cfg_options', {})), plan,
                values.get('teacher'), target=values.get('target') and
                check_text(f'{where}.target', values['target']),
                against=values.get('against'),
                **read_starts(where, values)))
    if not rows:
        raise ValueError(f'{path}: the quick budget has no row')
    titles = [row.title for row in rows]
    twice = sorted({title for title in titles if titles.count(title) > 1})
    if twice:
        raise ValueError(f'{path}: several rows have the title '
                         f'{", ".join(twice)}')
    return tuple(rows)


def check_needs(path: Path, rows: tuple[Row, ...], equal_time) -> None:
    """Check that what a row starts from stands before it.

    Args:
        path: Suite file, for the error.
        rows: All of it.
        equal_time: What the suite has of it.

    Raises:
        ValueError: If it does not, or the row's steps would be timed.
    """
    key = {'learns from': 'teacher', Pruned.what: 'pruned.row',
           Adapted.what: 'adapted.row',
           PseudoLabelled.what: 'pseudo_labels.row'}
    narrow = {row.name for row in rows if row.pruned and row.pruned.settings}
    for i, row in enumerate(rows):
        for need, what in row.needs().items():
            if need not in [before.name for before in rows[:i]]:
                raise ValueError(
                    f'{path}: rows.{row.name}.{key[what]} is {need!r}: must '
                    'be a row that stands before it')
            if need in narrow and (what != Pruned.what
                                   or not row.pruned.settings):
                raise ValueError(
                    f'{path}: rows.{row.name}.{key[what]} is {need!r}, which '
                    'is pruned: a row can be pruned more, but neither learn '
                    'from it nor train it on with ratio=0, nor adapt it')
            if equal_time is not None:
                raise ValueError(
                    f'{path}: rows.{row.name} has a {key[what]}, whose '
                    'training the steps of equal_time would have to wait '
                    'for: give it train_cfg.max_iters in cfg_options')


def settle_against(path: Path, rows: tuple[Row, ...], reference,
                   folds: bool) -> tuple[Row, ...]:
    """Give every row the one that it is compared with.

    Args:
        path: Suite file, for the error.
        rows: All of it.
        reference: What the suite says; None: its first row.
        folds: Whether it has folds.

    Raises:
        ValueError: If that is no other row, or cannot be had with folds.
    """
    if not folds:
        named = [f'rows.{row.name}.against' for row in rows if row.against]
        named += ['reference'] * (reference is not None)
        if named:
            raise ValueError(f'{path} has {named[0]}, but no folds: rows are '
                             'compared image by image where it has')
        return rows
    names = [row.name for row in rows]
    if 'folds' in names:
        raise ValueError(f'{path}: a row cannot be named folds: the lists of '
                         'the folds are in a folder of this name')
    if reference is None:
        reference = names[0]
    check_known(f'{path}: reference', reference, names)
    settled = []
    for row in rows:
        where = f'{path}: rows.{row.name}'
        if row.needs():
            raise ValueError(f'{where} starts from another row, which a '
                             'suite with folds does not support: leave folds '
                             f'out, or {", ".join(["teacher", *READERS])}')
        against = row.against or reference
        check_known(f'{where}.against', against, names)
        if row.against == row.name:
            raise ValueError(f'{where}.against is the row itself')
        settled.append(replace(
            row, against=None if against == row.name else against))
    return tuple(settled)
