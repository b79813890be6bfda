"""The built wheel, where the checkout is not."""
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import mmengine
import pytest
from lean import leave_out
from tiny import TINY_QUICKSTART


def run(command: list, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={key: value for key, value in os.environ.items()
             if key not in ('PYTHONPATH', 'VIRTUAL_ENV')})
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.fixture(scope='module')
def wheel(repository, tmp_path_factory) -> Path:
    """Built from a copy: a build leaves folders in its source."""
    source, out = (tmp_path_factory.mktemp(name) for name in ('src', 'out'))
    for name in ('mmseg_ext', 'configs', 'tools'):
        shutil.copytree(
            repository / name, source / name, symlinks=True,
            ignore=shutil.ignore_patterns('__pycache__', '.mim'))
    for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(repository / name, source)
    run([sys.executable, '-m', 'pip', 'wheel', '--no-deps',
         '--no-build-isolation', '--wheel-dir', out, source], out)
    return next(out.glob('*.whl'))


@pytest.fixture(scope='module')
def command(wheel, tmp_path_factory) -> Path:
    """The wheel's command, in an environment with the packages below it.

    These are seen by their folder: an editable install of the checkout,
    which lies beside them, is not. What the quick start does not need is
    left out, for imports take most of the time.
    """
    folder = tmp_path_factory.mktemp('an environment')
    venv.create(folder, with_pip=False)
    python = folder / 'bin/python'
    site, = folder.glob('lib/*/site-packages')
    (site / 'below.pth').write_text(str(Path(mmengine.__file__).parents[1]))
    leave_out(site)
    run([sys.executable, '-m', 'pip', '--python', python, 'install',
         '--no-deps', '--no-compile', wheel], folder)
    return folder / 'bin/mmseg-ext'


def test_carries_configs_and_tools(repository, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ('configs', 'tools'):
        for path in (repository / folder).rglob('*'):
            if path.is_file() and '__pycache__' not in path.parts:
                inside = path.relative_to(repository).as_posix()
                assert f'mmseg_ext/.mim/{inside}' in names
    assert not any('__pycache__' in name for name in names)


@pytest.mark.slow
def test_trains_two_steps(command, tmp_path):
    (tmp_path / 'own.py').write_text(
        "_base_ = 'mmseg_ext::sem/segformer_xattn_quickstart.py'\n")
    run([command, 'make_sample', 'sem', 'data', '--num-train', '2',
         '--num-val', '1', '--size', '96', '128'], tmp_path)
    run([command, 'train', 'own.py', '--data-root', 'data', '--cfg-options',
         *TINY_QUICKSTART, 'train_cfg.max_iters=2',
         'train_cfg.val_interval=2', 'default_hooks.checkpoint.interval=2'],
        tmp_path)
    assert (tmp_path / 'work_dirs/own/iter_2.pth').exists()
    where = run([command.with_name('python'), '-c',
                 'import mmseg_ext; print(mmseg_ext.__file__)'], tmp_path)
    assert str(command.parents[1]) in where
