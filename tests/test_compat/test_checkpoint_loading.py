import copy
import errno
import http.server
import os
import pickle
import resource
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
import torch
from alone import alone
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, checkpoint, load_checkpoint
from programs import run_program
from torch import nn

from mmseg_ext.compat import UntrustedCheckpointError, checkpoint_loading
from mmseg_ext.compat.checkpoint_loading import TRUST_VARIABLE


class Reduced:
    """Pickles as whatever call its arguments say."""

    def __init__(self, *reduced) -> None:
        self.reduced = reduced

    def __reduce__(self) -> tuple:
        return self.reduced


def new_zip(content, path) -> None:
    torch.save(content, path)


def legacy(content, path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def raw(content, path) -> None:
    path.write_bytes(pickle.dumps(content))


def raw_protocol_2(content, path) -> None:
    path.write_bytes(pickle.dumps(content, protocol=2))


@pytest.fixture
def marker(tmp_path):
    return tmp_path / 'the_bomb_went_off'


@pytest.fixture
def bomb(marker) -> dict:
    """A checkpoint that makes a folder when it is unpickled in full."""
    return dict(
        state_dict={'weight': torch.ones(1, 1)},
        meta=Reduced(os.mkdir, (str(marker), )))


@pytest.fixture
def home(monkeypatch, tmp_path):
    """No file trusted, and downloads into the test's own folder."""
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch_home'))
    monkeypatch.setenv('no_proxy', '*')
    return monkeypatch


@pytest.fixture
def server(tmp_path):
    """The address under which tmp_path is served."""
    handler = partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as serve:
        thread = threading.Thread(
            target=serve.serve_forever, args=(0.05, ), daemon=True)
        thread.start()
        yield f'http://127.0.0.1:{serve.server_address[1]}'
        serve.shutdown()
        thread.join()


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
@pytest.mark.parametrize('save', [new_zip, legacy, raw, raw_protocol_2])
def test_a_pickle_bomb_is_refused_and_does_not_run(
        tmp_path, bomb, marker, home, save):
    path = tmp_path / 'segformer.pth'
    save(bomb, path)
    for load in (CheckpointLoader.load_checkpoint,
                 partial(load_checkpoint, nn.Linear(1, 1))):
        with pytest.raises(UntrustedCheckpointError) as error:
            load(str(path))
        assert str(path) in str(error.value)
        assert TRUST_VARIABLE in str(error.value)
    assert not marker.exists()


def test_the_bomb_is_a_real_one(tmp_path, bomb, marker):
    # Without this the tests above would pass with a dud.
    new_zip(bomb, tmp_path / 'bomb.pth')
    torch.load(tmp_path / 'bomb.pth', weights_only=False)
    assert marker.is_dir()


def test_a_refusal_says_what_was_asked_for(tmp_path, bomb, home):
    new_zip(bomb, tmp_path / 'bomb.pth')
    with pytest.raises(UntrustedCheckpointError, match='mkdir'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'bomb.pth'))


def test_a_trusted_file_loads(tmp_path, bomb, marker, home):
    new_zip(bomb, tmp_path / 'mine.pth')
    home.chdir(tmp_path)
    home.setenv(TRUST_VARIABLE,
                os.pathsep.join(['other.pth', str(tmp_path / 'mine.pth')]))
    loaded = CheckpointLoader.load_checkpoint('mine.pth')
    assert torch.equal(loaded['state_dict']['weight'], torch.ones(1, 1))
    assert marker.is_dir()


def test_trust_in_a_file_of_the_home_folder(tmp_path, bomb, marker, home):
    # The shell expands ~ in the variable, and not in a config's load_from.
    home.setenv('HOME', str(tmp_path))
    home.setenv(TRUST_VARIABLE, str(tmp_path / 'mine.pth'))
    new_zip(bomb, tmp_path / 'mine.pth')
    CheckpointLoader.load_checkpoint('~/mine.pth')
    assert marker.is_dir()


@pytest.mark.parametrize('trusted', ['other.pth', '1', 'true', '', os.pathsep])
def test_trust_in_another_file_does_not_help(
        tmp_path, bomb, marker, home, trusted):
    new_zip(bomb, tmp_path / 'bomb.pth')
    new_zip({}, tmp_path / 'other.pth')
    home.chdir(tmp_path)
    home.setenv(TRUST_VARIABLE, trusted)
    with pytest.raises(UntrustedCheckpointError):
        CheckpointLoader.load_checkpoint('bomb.pth')
    assert not marker.exists()


def test_a_downloaded_bomb_is_refused(tmp_path, bomb, marker, home, server):
    new_zip(bomb, tmp_path / 'bomb.pth')
    with pytest.raises(UntrustedCheckpointError, match=r'bomb\.pth'):
        CheckpointLoader.load_checkpoint(f'{server}/bomb.pth')
    assert not marker.exists()
    # It was fetched: what was refused is the file, not the address.
    assert (tmp_path / 'torch_home/hub/checkpoints/bomb.pth').is_file()


def test_an_address_can_be_trusted_as_the_message_says(
        tmp_path, bomb, marker, home, server):
    new_zip(bomb, tmp_path / 'bomb.pth')
    home.setenv(TRUST_VARIABLE, f'{server}/bomb.pth')
    CheckpointLoader.load_checkpoint(f'{server}/bomb.pth')
    assert marker.is_dir()


def test_downloaded_weights_load(tmp_path, home, server):
    new_zip({'weight': torch.full((1, 1), 3.)}, tmp_path / 'good.pth')
    model = nn.Linear(1, 1, bias=False)
    load_checkpoint(model, f'{server}/good.pth')
    assert model.weight.item() == 3.


@pytest.mark.parametrize('owner, name', [
    (torch, 'save'),
    (os, 'system'),
    (HistoryBuffer, '__init__'),
    (HistoryBuffer, 'register_statistics'),
    (HistoryBuffer([1.], [1]), 'min'),
], ids=['torch', 'os', 'init', 'register', 'instance'])
@pytest.mark.parametrize('save', [new_zip, legacy])
def test_getattr_reaches_a_history_buffers_statistics_alone(
        tmp_path, home, owner, name, save):
    if not isinstance(owner, (type, HistoryBuffer)):
        # A module is no pickle: a bomb would import it by name.
        owner = Reduced(__import__, (owner.__name__, ))
    save(Reduced(getattr, (owner, name)), tmp_path / 'bomb.pth')
    with pytest.raises(UntrustedCheckpointError):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'bomb.pth'))


def forged_dtype(*fields_and_flags) -> Reduced:
    """A float64 whose pickled state claims to be something else."""
    return Reduced(np.dtype, ('f8', False, True),
                   (3, '<', *fields_and_flags))


OBJECT = Reduced(np.dtype, ('O', False, True))


@pytest.mark.parametrize('dtype', [
    OBJECT,
    forged_dtype(None, ('a', ), {'a': (OBJECT, 0)}, 8, 8, 1),
    forged_dtype((OBJECT, (1, )), None, None, 8, 8, 1),
    forged_dtype(None, None, None, -1, -1, 1),
    'O',
], ids=['object', 'fields', 'subarray', 'flags', 'text'])
def test_numbers_do_not_turn_into_object_pointers(tmp_path, home, dtype):
    # numpy believes a pickled dtype. With one of these the eight bytes below
    # became an address, and reading or freeing the array a segmentation
    # fault: arbitrary memory, from a file of "plain" arrays.
    reconstruct, arguments, _ = np.empty(0).__reduce__()
    array = Reduced(reconstruct, arguments,
                    (1, (1, ), dtype, False, b'\x41' * 8))
    new_zip(dict(array=array), tmp_path / 'forged.pth')
    with pytest.raises(UntrustedCheckpointError):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'forged.pth'))


def stock_content() -> dict:
    """What mmengine writes, in its own form, and what users add to it."""
    buffer = HistoryBuffer([1., 2., 4.], [1, 1, 2])
    buffer.update(0.5)
    arrays = {
        code: np.arange(6).astype(code).reshape(2, 3)
        for code in '?bBhHiIlLqQefdFD'
    }
    return dict(
        meta=dict(
            seed=3, classes=('a', 'b'),
            palette=np.array([[0, 0, 0], [255, 0, 0]], np.uint8)),
        state_dict=OrderedDict(
            weight=torch.full((2, 2), 2.), half=torch.ones(3).half()),
        message_hub=dict(
            log_scalars={'train/loss': buffer, 'new': HistoryBuffer()},
            runtime_info=dict(
                best=np.float64(81.5), iter=np.int64(7),
                small=np.float32(0.5), good=np.bool_(True)),
            resumed_keys={'train/loss': True}),
        arrays=arrays,
        # Not kept by numpy's own pickles either: big-endian becomes native.
        big_endian=np.arange(3, dtype='>f4'),
        fortran=np.asfortranarray(np.eye(3)[:2]),
        empty=np.empty((0, 4)))


@pytest.mark.parametrize('save', [new_zip, legacy])
def test_a_stock_training_checkpoint_loads(tmp_path, home, save):
    content = stock_content()
    save(content, tmp_path / 'stock.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'stock.pth'))

    assert torch.equal(loaded['state_dict']['weight'], torch.full((2, 2), 2.))
    assert loaded['meta']['classes'] == ('a', 'b')
    assert loaded['meta']['palette'].tolist() == [[0, 0, 0], [255, 0, 0]]
    hub = loaded['message_hub']
    info = content['message_hub']['runtime_info']
    assert hub['runtime_info'] == info
    for name, value in info.items():
        assert type(hub['runtime_info'][name]) is type(value)
    buffer = hub['log_scalars']['train/loss']
    assert isinstance(buffer, HistoryBuffer)
    assert buffer.mean() == 7.5 / 5
    assert buffer.statistics('max') == 4.
    buffer.update(8.)
    assert buffer.current() == 8.
    for code, array in content['arrays'].items():
        assert loaded['arrays'][code].dtype == array.dtype
        np.testing.assert_array_equal(loaded['arrays'][code], array)
    for name in ('big_endian', 'fortran', 'empty'):
        assert loaded[name].dtype == content[name].dtype.newbyteorder('=')
        assert loaded[name].shape == content[name].shape
        np.testing.assert_array_equal(loaded[name], content[name])


def test_a_loaded_checkpoint_saved_again_is_as_portable(tmp_path, home):
    # Publishing loads and saves: no class of this package may slip in.
    new_zip(stock_content(), tmp_path / 'stock.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'stock.pth'))
    again = tmp_path / 'again.pth'
    legacy(loaded, again)
    assert b'mmseg_ext' not in again.read_bytes()
    CheckpointLoader.load_checkpoint(str(again))


def test_a_loaded_array_is_an_array(tmp_path, home):
    new_zip(dict(array=np.arange(4.)), tmp_path / 'array.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'array.pth'))
    array = loaded['array']
    assert isinstance(array, np.ndarray)
    assert array[1:3].tolist() == [1., 2.]
    assert copy.deepcopy(array).tolist() == [0., 1., 2., 3.]
    assert pickle.loads(pickle.dumps(array)).tolist() == [0., 1., 2., 3.]
    assert torch.from_numpy(array).sum() == 6.


def test_the_harmless_types_are_allowed_during_a_load_alone(tmp_path, home):
    before = set(torch.serialization.get_safe_globals())
    new_zip(stock_content(), tmp_path / 'stock.pth')
    CheckpointLoader.load_checkpoint(str(tmp_path / 'stock.pth'))
    assert set(torch.serialization.get_safe_globals()) == before


def test_a_class_that_the_user_allows_loads(tmp_path, home):
    before = torch.serialization.get_safe_globals()
    new_zip(dict(seed=Allowed(), array=np.ones(2)), tmp_path / 'mine.pth')
    with pytest.raises(UntrustedCheckpointError, match='Allowed'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'mine.pth'))
    # The real numpy type beside it does not get in the stand-in's way.
    torch.serialization.add_safe_globals([Allowed, np.ndarray, np.dtype])
    try:
        loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'mine.pth'))
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
    assert isinstance(loaded['seed'], Allowed)
    assert loaded['array'].tolist() == [1., 1.]


class Allowed:
    """A user's own harmless class."""


@pytest.mark.parametrize('save', [new_zip, legacy])
@pytest.mark.parametrize('part', [0, 0.01, 0.3, 0.6, 0.9])
def test_a_truncated_file_is_named(tmp_path, home, save, part):
    path = tmp_path / 'cut_off.pth'
    save(stock_content(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:int(part * len(whole))])
    with pytest.raises(RuntimeError, match=r'cut_off\.pth'):
        CheckpointLoader.load_checkpoint(str(path))


@pytest.mark.parametrize(
    'content', [b'<!DOCTYPE html><html>404</html>', b'\x00' * 64,
                b'version https://git-lfs.github.com/spec/v1\n'])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, home, content):
    path = tmp_path / 'page.pth'
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r'page\.pth'):
        CheckpointLoader.load_checkpoint(str(path))


def under(limit: int, room: int, call):
    """Call where a resource has no more than so much room left."""
    def limited():
        resource.setrlimit(limit, (room, resource.RLIM_INFINITY))
        return call()
    return alone(limited)


# In a process of its own: what others have freed may hold a large file.
SHORT_OF_MEMORY = '''
import resource, sys
import mmseg_ext
from mmengine.runner import CheckpointLoader
with open('/proc/self/statm') as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, resource.RLIM_INFINITY))
try:
    CheckpointLoader.load_checkpoint(sys.argv[1], 'cpu')
except MemoryError as error:
    print('MemoryError:', error)
'''


@pytest.mark.skipif(not os.path.exists('/proc/self/statm'),
                    reason='tells the address space in use')
@pytest.mark.parametrize('save', [new_zip, legacy])
def test_a_lack_of_memory_is_no_damage(tmp_path, home, save):
    path = tmp_path / 'large.pth'
    save(dict(weight=torch.zeros(2**25)), path)  # 128 MiB
    done = run_program('-c', SHORT_OF_MEMORY, path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert 'MemoryError: ' in done.stdout
    assert 'large.pth needs more than is available: it has 0.1' in (
        done.stdout)


def test_a_full_disk_is_no_damage(tmp_path, home, server):
    torch.save(dict(weight=torch.zeros(2**16)), tmp_path / 'far.pth')
    with pytest.raises(OSError, match=r'while loading .*far\.pth') as error:
        under(resource.RLIMIT_FSIZE, 2**12,
              lambda: CheckpointLoader.load_checkpoint(f'{server}/far.pth'))
    assert error.value.errno == errno.EFBIG


def test_a_missing_file_is_missing(tmp_path, home):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nowhere.pth'))


def test_a_file_name_with_a_space_and_letters_of_any_language(
        tmp_path, bomb, marker, home):
    folder = tmp_path / 'Prüfung 金属'
    folder.mkdir()
    path = folder / 'größte Auflösung.pth'
    new_zip({'weight': torch.full((1, 1), 3.)}, path)
    model = nn.Linear(1, 1, bias=False)
    # As a path object too: mmengine alone takes a string only.
    for filename in (str(path), path):
        load_checkpoint(model, filename)
    assert model.weight.item() == 3.

    new_zip(bomb, path)
    with pytest.raises(UntrustedCheckpointError, match='größte Auflösung'):
        CheckpointLoader.load_checkpoint(path)
    home.setenv(TRUST_VARIABLE, str(path))
    CheckpointLoader.load_checkpoint(path)
    assert marker.is_dir()


class Waiting:
    """Where a load stops, until another thread has done its part."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *_) -> None:
        self.reached.set()
        assert self.go_on.wait(60)


WAITING: dict[str, Waiting] = {}


def wait_here(name: str) -> str:
    WAITING[name]()
    return name


@contextmanager
def stopped(name, load):
    """Do what is inside while another thread is in the middle of a load."""
    WAITING[name] = waiting = Waiting()
    done = []
    thread = threading.Thread(target=lambda: done.append(load(waiting)))
    thread.start()
    try:
        assert waiting.reached.wait(60)
        yield done
    finally:
        waiting.go_on.set()
        thread.join(60)
    assert done


def test_trust_is_of_one_thread(tmp_path, bomb, marker, home):
    mine = tmp_path / 'mine.pth'
    new_zip(dict(a=Reduced(wait_here, ('trusted', ))), mine)
    new_zip(bomb, tmp_path / 'bomb.pth')
    home.setenv(TRUST_VARIABLE, str(mine))
    with stopped('trusted', lambda _: CheckpointLoader.load_checkpoint(
            str(mine))) as done:
        with pytest.raises(pickle.UnpicklingError):
            torch.load(tmp_path / 'bomb.pth', weights_only=True)
        with pytest.raises(UntrustedCheckpointError):
            CheckpointLoader.load_checkpoint(str(tmp_path / 'bomb.pth'))
    assert done == [dict(a='trusted')]
    assert not marker.exists()


@pytest.mark.parametrize('save', [new_zip, legacy])
def test_a_refusal_is_of_one_thread(tmp_path, bomb, marker, home, save):
    before = torch.serialization.get_safe_globals()
    save(stock_content(), tmp_path / 'stock.pth')
    save(bomb, tmp_path / 'bomb.pth')
    save(dict(array=np.ones(2)), tmp_path / 'array.pth')

    def load(waiting):
        def where(storage, location):
            waiting()
            return storage
        return CheckpointLoader.load_checkpoint(
            str(tmp_path / 'stock.pth'), map_location=where)

    with stopped('stock', load) as done:
        assert torch.serialization.get_safe_globals() == before
        # no stand-in for numpy's own types
        with pytest.raises(pickle.UnpicklingError):
            torch.load(tmp_path / 'array.pth', weights_only=True)
        torch.serialization.add_safe_globals([Allowed])
        torch.load(tmp_path / 'bomb.pth', weights_only=False)
        assert marker.is_dir()
    # what another thread allowed meanwhile stays
    assert Allowed in torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(before)
    assert done[0]['meta']['seed'] == 3


def test_many_threads_at_once(tmp_path, bomb, marker, home):
    new_zip(stock_content(), tmp_path / 'stock.pth')
    new_zip(bomb, tmp_path / 'bomb.pth')

    def load(number: int) -> bool:
        try:
            CheckpointLoader.load_checkpoint(
                str(tmp_path / ('bomb.pth' if number % 2 else 'stock.pth')))
        except UntrustedCheckpointError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(load, range(40))] == [True, False] * 20
    assert not marker.exists()


def test_data_alone_stays_data_alone(tmp_path, bomb, marker, home):
    new_zip(bomb, tmp_path / 'bomb.pth')
    home.setenv(TRUST_VARIABLE, 'careful://bomb')

    def careful(filename, map_location):
        return torch.load(tmp_path / 'bomb.pth', weights_only=True)

    CheckpointLoader.register_scheme('careful://', careful)
    try:
        with pytest.raises(UntrustedCheckpointError):
            CheckpointLoader.load_checkpoint('careful://bomb')
    finally:
        CheckpointLoader._schemes.pop('careful://')
    assert not marker.exists()


def load_another(path: str) -> dict:
    return torch.load(path)


@pytest.mark.skipif(
    torch.__version__ < '2.6', reason='before, torch.load ran what it read')
def test_trust_is_of_one_file(tmp_path, bomb, marker, home):
    new_zip(bomb, tmp_path / 'bomb.pth')
    mine = tmp_path / 'mine.pth'
    new_zip(Reduced(load_another, (str(tmp_path / 'bomb.pth'), )), mine)
    home.setenv(TRUST_VARIABLE, str(mine))
    with pytest.raises(UntrustedCheckpointError):
        CheckpointLoader.load_checkpoint(str(mine))
    assert not marker.exists()


@pytest.mark.parametrize(('content', 'found'), [
    (b'version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'),
    (b'<!DOCTYPE html>', 'web page'),
    (b'', 'empty'),
])
def test_what_is_no_checkpoint_at_all(tmp_path, content, found):
    path = tmp_path / 'a.pth'
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=found) as error:
        load_checkpoint(nn.Linear(1, 1), str(path))
    assert TRUST_VARIABLE not in str(error.value)


def test_what_torch_refuses_is_not_tried_in_full(tmp_path, bomb, marker):
    """As OneDL's mmengine does, in whose place this stands."""
    new_zip(bomb, tmp_path / 'bomb.pth')
    with pytest.raises(pickle.UnpicklingError):
        checkpoint_loading._load_at_once(
            tmp_path / 'bomb.pth', weights_only=True)
    assert not marker.exists()
    theirs = getattr(checkpoint, '_safe_torch_load', None)
    assert theirs in (None, checkpoint_loading._load_at_once)
    allowed = getattr(checkpoint, 'get_torch_safe_globals', list)
    assert not allowed()
