"""What is searched: keys of a config, and the values that each may take."""
import difflib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from mmengine.config import Config

from mmseg_ext.basics.arguments import arguments_of
from mmseg_ext.benchmark.suite_values import check_mapping, check_section
from mmseg_ext.engine.checked_options import find_class

PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Choice:
    """One of several values.

    What optuna stores has to be plain: of other values it is how they are
    written.
    """
    values: tuple

    def label(self, value) -> Any:
        return value if isinstance(value, PLAIN) else repr(value)

    def value(self, label) -> Any:
        return next(value for value in self.values
                    if repr(self.label(value)) == repr(label))

    def holds(self, value) -> bool:
        return plain(value) in [plain(one) for one in self.values]

    def __str__(self) -> str:
        return f'one of {", ".join(map(repr, self.values))}'


@dataclass(frozen=True)
class Range:
    """A number between two, both included; whole if both are."""
    low: float
    high: float
    log: bool = False
    step: Optional[float] = None

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def label(self, value) -> Any:
        return value

    def value(self, label) -> Any:
        return label

    def holds(self, value) -> bool:
        return (isinstance(value, (int, float))
                and self.low <= value <= self.high
                and not (self.whole and value != int(value)))

    def __str__(self) -> str:
        return f'from {self.low:g} to {self.high:g}'


Space = dict[str, Choice | Range]


def plain(value):
    """Return a value as a config writes it, to compare it with another.

    Tuples are lists there, and the order of keys does not count.
    """
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def read_space(where: str, section) -> Space:
    """Read the keys and their values.

    Args:
        where: Put in front of an error.
        section: Dotted key -> list of values, or dict(low=, high=,
            log=False, step=None).

    Raises:
        ValueError: If there is no key, or a key has no choice.
    """
    if not check_mapping(where, section):
        raise ValueError(f'{where} is empty: name a key of the base config '
                         "and its values, such as {'model.neck.direction': "
                         "['forward', 'backward']}")
    return {key: _read_values(f'{where}: {key}', values)
            for key, values in section.items()}


def _read_values(where: str, values) -> Choice | Range:
    if isinstance(values, dict):
        return _read_range(where, values)
    if not isinstance(values, (list, tuple)):
        raise ValueError(f'{where} is {values!r}: must be a list of values, '
                         'or dict(low=, high=, log=False)')
    if len(values) < 2:
        raise ValueError(f'{where} has {len(values)} value, of which nothing '
                         'can be chosen: give two or more, or set it in '
                         'cfg_options')
    written = [repr(plain(value)) for value in values]
    if len({*written}) < len(written):
        raise ValueError(f'{where} has the same value twice: '
                         f'{", ".join(written)}')
    return Choice(tuple(values))


def _read_range(where: str, values: Mapping) -> Range:
    check_section(where, values, ('low', 'high'), ('log', 'step'))
    found = Range(**values)
    numbers = [found.low, found.high] + [found.step] * bool(found.step)
    if not all(isinstance(number, (int, float))
               and not isinstance(number, bool) for number in numbers) or (
                   not found.low < found.high):
        raise ValueError(f'{where} goes from {found.low!r} to '
                         f'{found.high!r}: must be numbers, the first less')
    if found.log and (found.low <= 0 or found.step is not None):
        raise ValueError(f'{where}: log=True needs a low above 0, and no '
                         'step')
    return found


def base_values(where: str, cfg: Config, space: Space) -> dict[str, Any]:
    """Return what the base config has of each key.

    What it does not write is the default of the class that its section
    builds.

    Args:
        where: Put in front of an error.
        cfg: The base config.
        space: The keys.

    Raises:
        ValueError: If there is no such key, with those that are near; if
            the base's value is none of those to choose from.
    """
    found = {}
    for key, allowed in space.items():
        found[key] = value = _base_value(where, cfg, key)
        if not allowed.holds(value):
            raise ValueError(
                f'{where}: {key} is {value!r} in the base, and searched is '
                f'{allowed}. Add it: the first trial is the base, so that '
                '"nothing is better" can come out')
    return found


def _base_value(where: str, cfg: Config, key: str):
    node: Any = {name: cfg[name] for name in cfg}
    *path, last = key.split('.')
    for place, name in enumerate(path):
        node = _inner(node, name)
        if not isinstance(node, (Mapping, list, tuple)):
            raise _unknown(where, cfg, key, '.'.join(path[:place + 1]))
    if isinstance(node, Mapping) and last not in node:
        kind = find_class(node.get('type'))
        if kind is not None and last in arguments_of(kind):
            default = _default(kind, last)
            if default is not inspect.Parameter.empty:
                return default
        raise _unknown(where, cfg, key, key)
    try:
        return node[int(last) if isinstance(node, (list, tuple)) else last]
    except (IndexError, ValueError):
        raise _unknown(where, cfg, key, key) from None


def _inner(node, name: str):
    if isinstance(node, Mapping):
        return node.get(name)
    if isinstance(node, (list, tuple)) and name.isdigit() and (
            int(name) < len(node)):
        return node[int(name)]
    return None


def _unknown(where: str, cfg: Config, key: str, missing: str) -> ValueError:
    known = {*_keys({name: cfg[name] for name in cfg})}
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.8)
    hint = (f'. Near it: {", ".join(near)}' if near else
            ', nor does a class that it names take it')
    return ValueError(f'{where}: the base config has no {missing}{hint}')


def _keys(node, prefix: str = '') -> Iterator[str]:
    """Yield the dotted keys of a config, with what its classes take."""
    if isinstance(node, Mapping):
        kind = find_class(node.get('type'))
        names = {*node, *(arguments_of(kind) if kind else ())} - {'type'}
        for name in sorted(map(str, names)):
            yield f'{prefix}{name}'
            yield from _keys(node.get(name), f'{prefix}{name}.')
    elif isinstance(node, (list, tuple)):
        for i, child in enumerate(node):
            yield from _keys(child, f'{prefix}{i}.')


def _default(kind, name: str):
    """Return an argument's default, of the class or the base that has it."""
    makers = ([vars(base)['__init__'] for base in inspect.getmro(kind)
               if '__init__' in vars(base)] if inspect.isclass(kind)
              else [kind])
    for made in makers:
        try:
            parameters = inspect.signature(made).parameters
        except (TypeError, ValueError):
            continue
        if name in parameters:
            return parameters[name].default
    return inspect.Parameter.empty
