"""mmengine's MLflow backend, with names and values that MLflow takes."""
import re
from collections.abc import Iterator, Mapping

from mmengine.registry import VISBACKENDS
from mmengine.visualization import MLflowVisBackend

# What MLflow refuses in a name, on some system at least.
REFUSED = re.compile(r'[^/\w.\- ]')


@VISBACKENDS.register_module()
class PlainMLflowVisBackend(MLflowVisBackend):
    """Log to MLflow whatever classes and options are called.

    MLflow refuses names with other signs than letters, digits and ``/_.- ``,
    at the first validation if a class has one: they become ``_`` here. Keys
    of a config may be numbers, and its lists may mix dicts with others,
    neither of which mmengine's own takes.

    Args: See :class:`mmengine.visualization.MLflowVisBackend`.
    """

    def add_scalar(self, name: str, value, step: int = 0, **kwargs) -> None:
        super().add_scalar(plain_name(name), value, step, **kwargs)

    def add_scalars(self, scalar_dict: dict, *args, **kwargs) -> None:
        super().add_scalars({plain_name(name): value for name, value
                             in scalar_dict.items()}, *args, **kwargs)

    def _flatten(self, d: Mapping, parent_key: str = '',
                 sep: str = '.') -> dict:
        return {plain_name(name): value
                for name, value in _leaves(d, parent_key, sep)}


def plain_name(name: str) -> str:
    """Return a name that MLflow takes."""
    return REFUSED.sub('_', name)


def _leaves(value, name: str, sep: str) -> Iterator[tuple[str, object]]:
    """Yield dotted names and values; lists without dicts are values."""
    if isinstance(value, Mapping):
        children = list(value.items())
    elif isinstance(value, (list, tuple)) and any(
            isinstance(child, Mapping) for child in value):
        children = list(enumerate(value))
    else:
        yield name, value
        return
    for key, child in children:
        yield from _leaves(child, f'{name}{sep}{key}' if name else str(key),
                           sep)
