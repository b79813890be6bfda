"""Fresh interpreters: what counts here is what is imported first."""
import json
import os
from pathlib import Path

import pytest
from programs import run_program

REPOSITORY = Path(__file__).parents[2]
EARLY_PROGRAM = """
import json

from mmengine.utils import get_installed_path
import mmseg

try:
    import mmseg.models
    failure = None
except ImportError as error:
    failure = str(error)

import mmseg_ext
from mmengine.config import Config
from mmseg.registry import MODELS

config = Config.fromfile('segformer.py')
config.model.backbone.init_cfg = None
print(json.dumps(dict(
    failure=failure,
    mmseg_path=mmseg.__path__[0],
    early_name_says=get_installed_path('mmseg'),
    model=type(MODELS.build(config.model)).__name__,
)))
"""


@pytest.fixture(scope='session')
def environment() -> dict:
    """Where a process started in any folder finds this checkout."""
    path = [str(REPOSITORY), os.environ.get('PYTHONPATH')]
    return dict(
        os.environ,
        PYTHONPATH=os.pathsep.join(filter(None, path)),
        PYTHONWARNINGS='ignore',
        OMP_NUM_THREADS='1')


@pytest.fixture(scope='session')
def run_python(environment):
    """Run a program in a fresh process, return its last line as JSON."""

    def run(code: str, cwd):
        done = run_program('-c', code, cwd=cwd, variables=environment)
        assert done.returncode == 0, done.stdout[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope='session')
def imported_late(run_python, tmp_path_factory) -> dict:
    """What a process in another folder sees that imports mmseg_ext last.

    One process for several tests: importing mmseg takes seconds.
    """
    folder = tmp_path_factory.mktemp('elsewhere')
    (folder / 'segformer.py').write_text(
        "_base_ = ['mmseg::segformer/"
        "segformer_mit-b0_8xb2-160k_ade20k-512x512.py']\n")
    return run_python(EARLY_PROGRAM, cwd=folder)
