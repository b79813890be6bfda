"""mmseg-ext NAME, from another folder."""
import os
import subprocess
import sys
import time

import pytest

from mmseg_ext.__main__ import GROUPS

OF_CHECKOUTS = {'quickstart', 'run_tests', 'setup_env'}
TOOLS = [name for names in GROUPS.values() for name in names]


@pytest.fixture
def call(repository, tmp_path):
    def call(*arguments) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=tmp_path, text=True,
            env=dict(os.environ, PYTHONPATH=str(repository),
                     PYTHONWARNINGS='ignore'), capture_output=True)
    return call


def test_every_tool_has_a_group(repository):
    files = {path.stem for path in (repository / 'tools').iterdir()
             if path.suffix in ('.py', '.sh') and path.stem[0] != '_'}
    assert sorted(TOOLS) == sorted(files - OF_CHECKOUTS)


def test_lists_all_tools(call):
    done = call('-m', 'mmseg_ext')
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    for name in TOOLS:
        summary, = (line for line in lines if line.startswith(f'  {name} '))
        assert len(summary) > 40 and summary.endswith(('.', ':'))
    assert call('-m', 'mmseg_ext', '--version').stdout.startswith('mmseg-ext')


def test_a_wrong_name(call):
    done = call('-m', 'mmseg_ext', 'trian')
    assert done.returncode == 1
    assert 'Did you mean train, pretrain?' in done.stderr


def test_is_the_tool_itself(call, tmp_path):
    done = call('-m', 'mmseg_ext', 'make_sample', 'sem', 'data',
                '--num-train', '1', '--num-val', '1', '--size', '64', '64')
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob('data/masks/*/*.png'))) == 2
    done = call('-m', 'mmseg_ext', 'convert_masks', 'none', 'out')
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr and 'none' in done.stderr
    assert 'Traceback' in call('-m', 'mmseg_ext', 'convert_masks', 'none',
                               'out', '--traceback').stderr
    usage = call('-m', 'mmseg_ext', 'test', '--help').stdout
    assert usage.startswith('usage: mmseg-ext test [-h]')
    done = call('-m', 'mmseg_ext', 'dist_train')
    assert done.returncode == 2 and 'CONFIG N' in done.stderr


@pytest.mark.parametrize('name', [
    name for name in TOOLS if not name.startswith('dist_')])
def test_help_comes_at_once(call, repository, name):
    start = time.perf_counter()
    done = call('-X', 'importtime', repository / f'tools/{name}.py', '--help')
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr[-2000:]
    assert '--traceback' in done.stdout
    imported = {line.rpartition('|')[2].strip()
                for line in done.stderr.splitlines() if '|' in line}
    assert {'torch', 'mmseg', 'mmcv', 'matplotlib'}.isdisjoint(imported)
    # 0.3 to 0.5 on an idle machine; other tests run beside this one
    assert seconds < 5
