"""Configs by path and by package, and what is said of those that are not."""
import os
import shutil
from pathlib import Path

import mmseg
import pytest

from mmseg_ext.basics import shipped
from mmseg_ext.benchmark import read_suite
from mmseg_ext.engine import find_config, load_config, read_config

OLD = 'configs/segformer_mit-b0_super1.py'
NEW = 'super1/segformer_mit-b0_super1.py'
UPSTREAM = 'segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py'


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function that writes a config of the user's own.

    It is in another folder than the repository, and so is the process.
    """
    monkeypatch.chdir(tmp_path)

    def write(text, name='own.py'):
        (tmp_path / name).write_text(text)
        return name
    return write


def test_a_path_is_returned_as_it_is(own):
    assert find_config(own('a = 1')) == 'own.py'
    assert read_config(Path('own.py')).a == 1


def test_shipped_configs_by_the_packages_name(own):
    assert find_config(f'mmseg_ext::{NEW}') == str(shipped('configs') / NEW)
    cfg = load_config('mmseg_ext::segformer_xattn_sem.py')
    assert cfg.model.neck.type == 'MultiScaleCrossAttentionNeck'
    assert cfg.work_dir == os.path.join('work_dirs', 'segformer_xattn_sem')


def test_upstreams_configs_by_the_packages_name():
    path = Path(find_config(f'mmseg::{UPSTREAM}'))
    assert path.is_relative_to(Path(mmseg.__file__).parent)
    assert load_config(f'mmseg::{UPSTREAM}').model.type == 'EncoderDecoder'


def test_an_old_path_names_the_new_one(repository, monkeypatch):
    monkeypatch.chdir(repository)
    with pytest.raises(FileNotFoundError) as error:
        load_config(OLD)
    assert str(error.value) == (
        f'There is no config {OLD}; it is now configs/{NEW}')
    load_config(str(error.value).rsplit(' ', 1)[-1])  # as it is printed


def test_an_old_path_seen_from_elsewhere(own, repository):
    with pytest.raises(FileNotFoundError) as error:
        load_config(str(repository / OLD))
    assert str(error.value).endswith(f'; it is now mmseg_ext::{NEW}')
    find_config(str(error.value).rsplit(' ', 1)[-1])


def test_a_new_path_seen_from_elsewhere(own):
    with pytest.raises(FileNotFoundError, match=(
            rf'There is no config configs/{NEW}; the one that comes with '
            rf'mmseg_ext is mmseg_ext::{NEW}')):
        find_config(f'configs/{NEW}')


@pytest.mark.parametrize(('name', 'near'), [
    ('configs/super1/segformer_mit_b0_super1.py', f'mmseg_ext::{NEW}'),
    ('mmseg_ext::super1/segformer_mit_b0_super1.py', f'mmseg_ext::{NEW}'),
    (f'mmseg::{UPSTREAM}'.replace('mit-b0', 'mit_b0'), f'mmseg::{UPSTREAM}'),
])
def test_a_slip_names_what_is_near(name, near, own):
    with pytest.raises(FileNotFoundError) as error:
        find_config(name)
    message = str(error.value)
    assert message.startswith(f'There is no config {name}; names near it are ')
    assert near in message.split(' are ')[1].split(', ')


def test_what_resembles_nothing(own):
    with pytest.raises(FileNotFoundError) as error:
        find_config('zzz.py')
    assert str(error.value) == 'There is no config zzz.py'


def test_a_folder_lists_its_configs(own, repository, monkeypatch):
    monkeypatch.chdir(repository)
    for name in ('configs/super1', 'configs/super1/', 'mmseg_ext::super1'):
        with pytest.raises(FileNotFoundError) as error:
            load_config(name)
        first, *listed = str(error.value).split('\n')
        assert first == f'{name} is a folder; name a config in it:'
        assert [Path(find_config(line.strip())).name for line in listed] == (
            sorted(path.name for path in Path('configs/super1').glob('*.py')))
    with pytest.raises(FileNotFoundError) as error:
        load_config('mmseg_ext::')
    listed = [line.strip() for line in str(error.value).split('\n')]
    assert 'mmseg_ext::segformer_xattn_sem.py' in listed
    assert 'mmseg_ext::sem/...' in listed
    assert not any('_base_' in line for line in listed)
    with pytest.raises(FileNotFoundError, match='a folder without a config'):
        load_config('.github')


@pytest.mark.parametrize(('base', 'near'), [
    ('{configs}/_base_/datasets/semm.py', '; names near it are '
     'mmseg_ext::_base_/datasets/sem.py'),
    ('./own_bsae.py', '; names near it are {folder}/own_base.py'),
    # others are alike by half
    ('./_base_/datasets/my_steel.py', ''),
    ('./segments.py', ''),
])
def test_a_base_that_is_misspelt(own, base, near, tmp_path):
    own('a = 1', 'own_base.py')
    places = dict(configs=shipped('configs'), folder=tmp_path)
    own(f'_base_ = {base.format(**places)!r}')
    with pytest.raises(FileNotFoundError) as error:
        read_config('own.py')
    assert str(error.value).endswith(
        f'which own.py inherits from{near.format(**places)}')


def test_a_package_that_is_not_installed():
    with pytest.raises(ModuleNotFoundError, match=r'mmnowhere is not inst'):
        find_config('mmnowhere::a/b.py')


@pytest.mark.parametrize('base', ['{repository}/' + OLD, 'configs/' + OLD])
def test_an_old_path_that_a_config_inherits_from(base, own, repository):
    base = base.format(repository=repository)
    own(f'_base_ = {base!r}', 'middle.py')
    with pytest.raises(FileNotFoundError, match=(
            rf'There is no config .*/{OLD}, which own\.py inherits from; it '
            rf'is now mmseg_ext::{NEW}')):
        load_config(own("_base_ = './middle.py'"))


def test_a_base_of_upstream_that_is_not_there(own):
    name = f'mmseg::{UPSTREAM}'.replace('mit-b0', 'mit_b0')
    with pytest.raises(FileNotFoundError, match=(
            rf'which own\.py inherits from; names near it are .*mmseg::'
            rf'{UPSTREAM}')):
        load_config(own(f'_base_ = {name!r}'))


def test_other_missing_files_keep_their_own_error(own):
    with pytest.raises(FileNotFoundError, match=r"No such file.*'weights\.t"):
        load_config(own("_base_ = []\nname = open('weights.txt').read()"))


def test_suites_too(own, repository, monkeypatch):
    assert read_suite('mmseg_ext::benchmarks/super1.py').name == 'super1'
    monkeypatch.chdir(repository)
    with pytest.raises(FileNotFoundError) as error:
        read_suite('configs/benchmarks/ksdd2_made_masks.py')
    assert str(error.value) == (
        'There is no suite file configs/benchmarks/ksdd2_made_masks.py; it '
        'is now configs/benchmarks/ksdd2_pseudo_labels.py')


def test_an_old_path_in_a_users_suite(own):
    shutil.copytree(
        shipped('configs') / 'benchmarks/_base_', '_base_')
    text = (shipped('configs') / 'benchmarks/super1.py').read_text()
    own(text.replace('../super1/', '../configs/'), 'suite.py')
    with pytest.raises(FileNotFoundError, match=(
            r'suite\.py: rows\.segformer_b0: there is no config '
            rf'.*configs/segformer_mit-b0_super1\.py; it is now .*{NEW}')):
        read_suite('suite.py')
    own(text.replace('../super1/', 'mmseg_ext::super1/'), 'suite.py')
    row = read_suite('suite.py').row('segformer_b0')
    assert Path(row.config) == shipped('configs') / NEW
    own("_base_ = './_base_/nowhere.py'", 'suite.py')
    with pytest.raises(FileNotFoundError, match=r'suite\.py inherits from'):
        read_suite('suite.py')


def test_a_mistake_in_a_config_is_placed(tmp_path):
    (tmp_path / 'base.py').write_text('a = 1\nb = a + c\n')
    (tmp_path / 'own.py').write_text("_base_ = './base.py'\n")
    with pytest.raises(ValueError, match=(
            r"base\.py, line 2, cannot be read: NameError: name 'c'")):
        read_config(tmp_path / 'own.py')
    (tmp_path / 'own.py').write_text('a = (\n')
    with pytest.raises(ValueError, match=r'own\.py, or .*never closed'):
        read_config(tmp_path / 'own.py')


def test_what_is_no_config(tmp_path):
    (tmp_path / 'a.pth').touch()
    with pytest.raises(FileNotFoundError, match=r'a\.pth is no config: .*py'):
        find_config(tmp_path / 'a.pth')


@pytest.mark.parametrize(('content', 'found'), [
    (b'x = 1 / 0', 'line 1, cannot be read: ZeroDivisionError'),
    (b"_base_ = ['./a.py']", 'inherits from itself'),
    (b'\xff\xfe', 'cannot be read: UnicodeDecodeError')])
def test_configs_that_fail_as_programs(tmp_path, content, found):
    (tmp_path / 'a.py').write_bytes(content)
    with pytest.raises(ValueError, match=rf'a\.py.* {found}'):
        read_config(tmp_path / 'a.py')
