"""Replace a function everywhere that it has already been imported."""
import sys


def rebind(original, replacement) -> None:
    """Point every loaded module's name for ``original`` at ``replacement``.

    ``from module import name`` copies the reference, so assigning to the
    defining module alone would miss each module that was imported before.
    """
    name = original.__name__
    for module in list(sys.modules.values()):
        # __dict__, not getattr: lazy modules import things when asked.
        if getattr(module, '__dict__', {}).get(name) is original:
            setattr(module, name, replacement)
