"""Act on a module as soon as it is imported, without importing it."""
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType


class _Loader(Loader):
    """Runs the module's own loader, then what waits for the module."""

    def __init__(self, loader: Loader, actions: list[Callable]) -> None:
        self.loader = loader
        self.actions = actions

    def __getattr__(self, name: str):
        # get_code, get_source and what else is asked of a loader
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # Whoever asks the module for its loader later gets its own.
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        for act in self.actions:
            act(module)


class _Finder(MetaPathFinder):
    """Finds the modules that are waited for by means of all other finders."""

    def __init__(self) -> None:
        self.actions: dict[str, list[Callable]] = {}

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self.actions:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, 'find_spec'):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self.actions[fullname])
                return spec
        return None


_FINDER = _Finder()


def _is_half(module: ModuleType) -> bool:
    return getattr(module.__spec__, '_initializing', False)


def when_imported(name: str, act: Callable[[ModuleType], None]) -> None:
    """Call ``act`` with a module: now if it is imported, else when it is.

    The call comes directly after the module's own code, before anyone can
    import a name from it.

    Raises:
        ImportError: If the module is only half imported, by what calls this.
    """
    module = sys.modules.get(name)
    if module is not None:
        if _is_half(module):
            module = import_module(name)  # waits for another thread's import
        if _is_half(module):
            raise ImportError(f'{name} is being imported: import mmseg_ext '
                              'before or after it, not within')
        act(module)
        return
    _FINDER.actions.setdefault(name, []).append(act)
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
