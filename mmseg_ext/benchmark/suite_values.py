"""Values of suite and search files: what each must be, and what is told."""
import re
from collections.abc import Collection, Mapping

NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.+-]*')


def check_keys(where: str, section: Mapping, required: Collection[str],
               optional: Collection[str]) -> None:
    allowed = [*required, *optional]
    unknown = [key for key in section if key not in allowed]
    if unknown:
        raise ValueError(f'{where} has {", ".join(unknown)}; what there can '
                         f'be is {", ".join(allowed)}')
    missing = [key for key in required if key not in section]
    if missing:
        raise ValueError(f'{where} has no {", ".join(missing)}')


def check_mapping(where: str, value) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f'{where} is {value!r}: must be a dict')
    return value


def check_section(where: str, section, required: Collection[str],
                  optional: Collection[str]) -> dict:
    check_keys(where, check_mapping(where, section), required, optional)
    return section


def check_text(where: str, value) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f'{where} is {value!r}: must be a text')
    return value


def check_name(where: str, value) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError(f'{where} is {value!r}: must be the name of a '
                         'folder, of letters, digits and _ . + -')
    return value


def check_options(where: str, value) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f'{where} is {value!r}: must be a dict such as '
                         "{'train_cfg.max_iters': 100}")
    return value


def is_whole(value, low: int) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)
            and value >= low)


def check_size(where: str, value) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(
            is_whole(side, 1) for side in value):
        raise ValueError(f'{where} is {value!r}: must be (height, width) in '
                         'pixels')
    return tuple(value)


def check_seeds(where: str, value) -> tuple[int, ...]:
    if not isinstance(value, (tuple, list)) or not value or not all(
            is_whole(seed, 0) for seed in value) or (
                len({*value}) < len(value)):
        raise ValueError(f'{where} is {value!r}: must be different integers '
                         'of 0 or more, such as [0, 1, 2]')
    return tuple(value)


def check_known(where: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise ValueError(f'{where} has {name!r}; there are '
                         f'{", ".join(sorted(known))}')


def check_number(where: str, value) -> None:
    try:
        float(check_text(where, value))
    except ValueError:
        raise ValueError(f"{where} is {value!r}: must be a number in "
                         "quotation marks, as it was printed") from None


def fill_in(where: str, config, fill: Mapping[str, str]) -> str:
    try:
        return check_text(where, config).format_map(fill)
    except (KeyError, IndexError) as error:
        raise ValueError(
            f'{where} is {config!r}: fill has no {error}') from None
    except (ValueError, AttributeError) as error:
        raise ValueError(f'{where} is {config!r}: {error}') from None
