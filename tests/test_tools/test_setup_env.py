"""An installed torch is not replaced without a word."""
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest


def environment(folder: Path, **versions: str) -> Path:
    """A virtual environment without pip: whatever installs fails there."""
    venv.create(folder, with_pip=False)
    add(folder, **versions)
    return folder


def add(folder: Path, **versions: str) -> None:
    """Let distributions seem to be installed in an environment."""
    site = next(folder.glob('lib/*/site-packages'))
    for name, version in versions.items():
        info = site / f'{name}-{version}.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')


def set_up(repository: Path, folder: Path, *options: str):
    return subprocess.run(
        ['bash', repository / 'tools/setup_env.sh', '--venv', folder,
         *options],
        capture_output=True, text=True, timeout=60,
        env=dict(os.environ, PIP_NO_INDEX='1'))


@pytest.mark.skipif(sys.platform == 'win32', reason='needs bash')
def test_ops_asks_before_it_replaces_torch(repository, tmp_path):
    folder = environment(
        tmp_path / 'env', torch='2.6.0+cu124', torchvision='0.21.0+cu124')
    done = set_up(repository, folder, '--ops')
    assert done.returncode == 1
    assert 'torch 2.6.0+cu124 is installed' in done.stderr
    for option in ('--ops --torch 2.11.0/0.26.0',
                   '--ops --torch 2.6.0+cu124/0.21.0+cu124'):
        assert option in done.stderr
    assert 'Setting up' not in done.stdout
    # who has said which goes on, here to an environment without pip
    for option in ('2.11.0/0.26.0', '2.6.0+cu124/0.21.0+cu124'):
        done = set_up(repository, folder, '--ops', '--torch', option)
        assert 'Setting up' in done.stdout
        assert 'No module named pip' in done.stderr


@pytest.mark.skipif(sys.platform == 'win32', reason='needs bash')
@pytest.mark.parametrize('versions', [
    dict(torch='2.11.0+cu128', torchvision='0.26.0+cu128'), {}])
def test_ops_goes_on_where_nothing_is_replaced(
        repository, tmp_path, versions):
    done = set_up(
        repository, environment(tmp_path / 'env', **versions), '--ops')
    assert 'Setting up' in done.stdout
    assert 'No module named pip' in done.stderr


@pytest.mark.skipif(sys.platform == 'win32', reason='needs bash')
def test_torch_without_torchvision_stays(repository, tmp_path):
    done = set_up(
        repository, environment(tmp_path / 'env', torch='2.6.0+cu124'))
    assert 'Keeping torch 2.6.0+cu124' in done.stdout


@pytest.mark.skipif(sys.platform == 'win32', reason='needs bash')
@pytest.mark.parametrize('options', [['--onedl'], []])
def test_no_operators_are_built_beside_forks(
        repository, tmp_path, options):
    versions = {} if options else {'onedl_mmengine': '0.10.12'}
    folder = environment(tmp_path / 'env', **versions)
    done = set_up(repository, folder, *options, '--ops')
    assert done.returncode == 1
    assert '--venv DIR' in done.stderr and 'Setting up' not in done.stdout


@pytest.mark.skipif(sys.platform == 'win32', reason='needs bash')
def test_what_an_extra_has_brought_back_is_removed(repository, tmp_path):
    """The stamp of an earlier run does not hide it."""
    folder = environment(tmp_path / 'env', onedl_mmengine='0.10.12')
    python = folder / 'bin/python'
    real = tmp_path / 'real'
    python.rename(real)
    log = tmp_path / 'asked'
    python.write_text(  # notes what pip is asked for, and does nothing
        '#!/usr/bin/env bash\n'
        f'if [ "$1 $2" = "-m pip" ]; then echo "$@" >> "{log}"; exit; fi\n'
        f'exec -a "{python}" "{real}" "$@"\n')
    python.chmod(0o755)
    set_up(repository, folder)
    assert 'onedl-mmsegmentation' in log.read_text()
    assert 'uninstall' not in log.read_text()
    add(folder, mmengine='0.10.7')
    log.unlink()
    set_up(repository, folder)
    asked = log.read_text()
    assert 'uninstall -y mmengine\n' in asked
    assert '--force-reinstall onedl-mmengine' in asked
