"""Act on modules when they are imported; in modules made for it."""
import importlib
import inspect
import sys

import pytest

from mmseg_ext.compat import when_imported


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that writes a module of a name of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def write(text: str) -> str:
        name = f'waited_for_{tmp_path.name}_{len(written)}'
        (tmp_path / f'{name}.py').write_text(text)
        importlib.invalidate_caches()
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


def test_acts_when_it_is_imported_and_not_before(module):
    name, seen = module('value = 1\n'), []
    when_imported(name, lambda it: seen.append(it.value))
    assert name not in sys.modules and not seen
    importlib.import_module(name)
    assert seen == [1]
    importlib.import_module(name)
    assert seen == [1]


def test_acts_at_once_on_what_is_imported(module):
    name, seen = module(''), []
    found = importlib.import_module(name)
    when_imported(name, seen.append)
    assert seen == [found]


def test_names_are_changed_before_anyone_copies_them(module):
    name = module('def answer():\n    return 1\n')
    when_imported(name, lambda it: setattr(it, 'answer', lambda: 2))
    user = module(f'from {name} import answer\n')
    assert importlib.import_module(user).answer() == 2


def test_several_actions_in_their_order(module):
    name, seen = module(''), []
    when_imported(name, lambda it: seen.append('first'))
    when_imported(name, lambda it: seen.append('second'))
    importlib.import_module(name)
    assert seen == ['first', 'second']


def test_the_module_keeps_its_loader_and_source(module):
    name = module('value = 1\n')
    when_imported(name, lambda it: None)
    found = importlib.import_module(name)
    assert found.__spec__.loader is found.__loader__
    assert inspect.getsource(found) == 'value = 1\n'
    assert importlib.reload(found).value == 1


def test_a_missing_module_is_missing(module):
    when_imported('a_module_that_is_not_there', lambda it: None)
    assert importlib.util.find_spec('a_module_that_is_not_there') is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module('a_module_that_is_not_there')


def test_an_import_that_fails_acts_not(module):
    name, seen = module('raise OSError("broken")\n'), []
    when_imported(name, seen.append)
    with pytest.raises(OSError, match='broken'):
        importlib.import_module(name)
    assert not seen
