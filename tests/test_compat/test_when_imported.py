"""Act on modules when they are imported; in modules made for it."""
import importlib
import inspect
import runpy
import sys
import threading
import time

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


def test_a_module_that_another_thread_imports_is_waited_for(module):
    name = module('import time\ntime.sleep(0.3)\nvalue = 1\n')
    importing = threading.Thread(target=importlib.import_module, args=[name])
    importing.start()
    while name not in sys.modules:
        time.sleep(0.01)
    seen = []
    when_imported(name, lambda it: seen.append(it.value))
    importing.join()
    assert seen == [1]


def test_within_the_import_of_a_module_it_is_refused(module):
    name = module('from mmseg_ext.compat import when_imported\n'
                  'when_imported(__name__, print)\n')
    with pytest.raises(ImportError, match='is being imported'):
        importlib.import_module(name)


def test_its_code_can_be_read_before_it_is_imported(module):
    name = module('value = 1\n')
    when_imported(name, lambda it: None)
    loader = importlib.util.find_spec(name).loader
    assert loader.get_source(name) == 'value = 1\n'
    assert runpy.run_module(name)['value'] == 1


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
