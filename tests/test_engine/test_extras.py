"""Whoever needs an optional package is told how to install it."""
import subprocess
import sys

import pytest

from mmseg_ext.engine import require_extra


def test_present():
    require_extra('numpy.linalg', 'none')


def test_absent_names_the_extra():
    with pytest.raises(ImportError, match=r'nowhere is needed.*\.\[some\]'):
        require_extra('nowhere.models', 'some')


def test_config_without_mmdet(repository):
    code = ("import sys; sys.modules['mmdet'] = None; "
            'from mmengine.config import Config; '
            "Config.fromfile('configs/mask2former_r50_sem.py')")
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], cwd=repository,
        text=True, capture_output=True)
    assert 'pip install -e ".[mmdet]"' in result.stderr.splitlines()[-1]
