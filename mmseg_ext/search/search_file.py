"""Read a search file: what is searched, by which number, for how long."""
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config

from mmseg_ext.benchmark.suite_values import (
    check_keys,
    check_mapping,
    check_options,
    check_section,
    check_seeds,
    check_size,
    check_text,
    is_whole,
)
from mmseg_ext.engine import find_config, load_config, read_config

from .score import Score
from .space import Choice, Space, base_values, read_space

REQUIRED = ('base', 'space', 'objective', 'budget', 'input_size')
OPTIONAL = ('title', 'coupled', 'rungs', 'score', 'max_ms', 'max_params',
            'final', 'cfg_options', 'from_scratch', 'data_root', 'data_help')


@dataclass(frozen=True)
class Follows:
    """Values of keys that follow from others.

    Attributes:
        when: Key of the space -> value; all have to hold.
        then: Dotted key -> value.
    """
    when: dict[str, Any]
    then: dict[str, Any]


@dataclass(frozen=True)
class Final:
    """How the best are compared with the base in the end.

    Attributes:
        top: How many.
        seeds: Of the trainings of each; others than those of the trials.
        steps: Of each training.
    """
    top: int
    seeds: tuple[int, ...]
    steps: int


@dataclass(frozen=True)
class Search:
    """What :func:`read_search` has read and checked.

    Attributes:
        cfg: The base config, with what the file changes in all candidates.
        start: Value of each key in the base: the first trial.
        rungs: Steps after which a hopeless training ends.
        max_ms: Milliseconds of an image; slower ones are not trained.
        max_params: Parameters; larger ones are not trained.
    """
    name: str
    title: str
    base: str
    cfg: Config
    space: Space
    start: dict[str, Any]
    coupled: tuple[Follows, ...]
    objective: str
    steps: int
    seeds: tuple[int, ...]
    rungs: tuple[int, ...]
    score: Score
    input_size: tuple[int, int]
    max_ms: Optional[float] = None
    max_params: Optional[float] = None
    final: Optional[Final] = None
    data_root: Optional[str] = None
    data_help: str = ''

    def changes(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a candidate's values, and what follows from them."""
        found = dict(values)
        for rule in self.coupled:
            if all(repr(values[key]) == repr(value)
                   for key, value in rule.when.items()):
                found.update(rule.then)
        return found


def read_search(path: str | os.PathLike,
                data_root: Optional[str] = None,
                from_scratch: bool = False) -> Search:
    """Read a search file, a config of mmengine with these variables.

    ::

        title        of the report
        base         config to start from, as seen from the file, or
                     package::path; it is the first trial
        space        {dotted key of it: [values, ...], or dict(low=, high=,
                     log=False, step=None)}
        coupled      [dict(when={key of space: value, ...}, then={dotted key:
                     value, ...})]: what follows from the values, such as the
                     channels that a head gets from a neck; later ones win
        objective    number of the validation, more is better, such as 'mIoU'
        budget       dict(steps=, seeds=[0]): of the training of a trial
        rungs        [100, ...]: after so many steps of the first seed a
                     trial ends whose score is below the median of the others
                     there
        score        dict(alpha=1, beta=5, gamma=1): alpha * objective - beta
                     * latency - gamma * parameters, the last two over the
                     base's
        input_size   (height, width) of the image that is timed
        max_ms, max_params
                     what is slower or larger is not trained
        final        dict(top=3, seeds=[1, 2, 3], steps=): the best and the
                     base once more, with seeds that no trial had
        cfg_options  changes to the base and so to every candidate
        from_scratch random weights instead of pretrained ones
        data_root    data folder, in place of the base's
        data_help    where the data come from, for when they are missing

    Args:
        path: Search file, or ``package::path`` as for a config.
        data_root: Data folder in place of the file's.
        from_scratch: Random weights, whatever the file says.

    Raises:
        FileNotFoundError: If the file, or the base, does not exist.
        ValueError: If something in it is missing, unknown or no value that
            it can have.
    """
    path = Path(find_config(path, 'search file'))
    section = read_config(path).to_dict()
    check_keys(str(path), section, REQUIRED, OPTIONAL)
    space = read_space(f'{path}: space', section['space'])
    budget = check_section(f'{path}: budget', section['budget'], ('steps', ),
                           ('seeds', ))
    steps = _steps(f'{path}: budget.steps', budget['steps'])
    seeds = check_seeds(f'{path}: budget.seeds', budget.get('seeds', [0]))
    rungs = section.get('rungs', [])
    if not isinstance(rungs, (list, tuple)) or not all(
            is_whole(rung, 1) and rung <= steps for rung in rungs) or (
                sorted({*rungs}) != list(rungs)):
        raise ValueError(f'{path}: rungs is {rungs!r}: must be growing '
                         f'numbers of steps, {steps} at most')
    base = check_text(f'{path}: base', section['base'])
    if '::' not in base:
        base = str(path.parent / base)
    base = str(Path(find_config(base, where=f'{path}: base')).resolve())
    options = check_options(f'{path}: cfg_options',
                            section.get('cfg_options', {}))
    root = data_root or section.get('data_root')
    cfg = load_config(
        base, cfg_options=options, data_root=root,
        from_scratch=from_scratch or bool(section.get('from_scratch')))
    cfg.pop('work_dir')
    _check_base(base, cfg)
    return Search(
        name=path.stem,
        title=section.get('title', path.stem),
        base=base,
        cfg=cfg,
        space=space,
        start=base_values(f'{path}: space', cfg, space),
        coupled=_read_coupled(f'{path}: coupled',
                              section.get('coupled', []), space),
        objective=check_text(f'{path}: objective', section['objective']),
        steps=steps,
        seeds=seeds,
        rungs=tuple(rung for rung in rungs if rung < steps),
        score=_read_score(f'{path}: score', section.get('score', {})),
        input_size=check_size(f'{path}: input_size', section['input_size']),
        max_ms=_limit(f'{path}: max_ms', section.get('max_ms')),
        max_params=_limit(f'{path}: max_params', section.get('max_params')),
        final=_read_final(f'{path}: final', section.get('final'), seeds),
        data_root=root,
        data_help=section.get('data_help', ''))


def _check_base(base: str, cfg: Config) -> None:
    kind = (cfg.get('train_cfg') or {}).get('type')
    if kind != 'IterBasedTrainLoop':
        raise ValueError(
            f'{base} trains by a {kind}, and a budget counts steps: take a '
            'config with an IterBasedTrainLoop, or give it one in '
            'cfg_options, as configs/benchmarks/_base_/sem.py does')
    if not cfg.get('val_dataloader') or not cfg.get('val_evaluator'):
        raise ValueError(f'{base} has no validation, by which the trials '
                         'are judged: give it a val_dataloader, a '
                         'val_evaluator and a val_cfg')


def _steps(where: str, value) -> int:
    if not is_whole(value, 1):
        raise ValueError(f'{where} is {value!r}: must be a number of steps')
    return value


def _limit(where: str, value) -> Optional[float]:
    if value is not None and (not isinstance(value, (int, float))
                              or not value > 0):
        raise ValueError(f'{where} is {value!r}: must be a number above 0')
    return value


def _read_score(where: str, section) -> Score:
    check_section(where, section, (), ('alpha', 'beta', 'gamma'))
    for name, value in section.items():
        least = 'above 0' if name == 'alpha' else '0 or more'
        if (not isinstance(value, (int, float)) or value < 0
                or (name == 'alpha' and value == 0)):
            raise ValueError(f'{where}.{name} is {value!r}: must be a '
                             f'number, {least}')
    return Score(**section)


def _read_coupled(where: str, section, space: Space) -> tuple[Follows, ...]:
    if not isinstance(section, (list, tuple)):
        raise ValueError(f'{where} is {section!r}: must be a list of '
                         'dict(when={...}, then={...}). A function is not '
                         'kept by a config')
    rules = []
    for i, rule in enumerate(section):
        here = f'{where}[{i}]'
        check_section(here, rule, ('when', 'then'), ())
        for key, value in check_mapping(f'{here}.when',
                                        rule['when']).items():
            if not isinstance(space.get(key), Choice):
                raise ValueError(
                    f'{here}.when has {key}, which space does not list the '
                    f'values of; it does of {", ".join(_choices(space))}')
            if not space[key].holds(value):
                raise ValueError(f'{here}.when: {key} is {value!r}, searched '
                                 f'is {space[key]}')
        check_mapping(f'{here}.then', rule['then'])
        rules.append(Follows(**rule))
    return tuple(rules)


def _choices(space: Space) -> list[str]:
    return [key for key, allowed in space.items()
            if isinstance(allowed, Choice)] or ['none']


def _read_final(where: str, section, used: tuple[int, ...]
                ) -> Optional[Final]:
    if section is None:
        return None
    check_section(where, section, ('seeds', 'steps'), ('top', ))
    top = section.get('top', 3)
    if not is_whole(top, 1):
        raise ValueError(f'{where}.top is {top!r}: must be 1 or more')
    seeds = check_seeds(f'{where}.seeds', section['seeds'])
    again = sorted({*seeds} & {*used})
    if again:
        raise ValueError(
            f'{where}.seeds has {", ".join(map(str, again))}, which trials '
            'had: the best of many was lucky with it. Name others')
    return Final(top, seeds, _steps(f'{where}.steps', section['steps']))
