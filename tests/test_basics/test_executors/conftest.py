import os
from pathlib import Path

import held_work
import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The present folder, from which paths are relative."""
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([
        str(Path(held_work.__file__).parent),
        os.environ.get('PYTHONPATH', '')]))
    monkeypatch.chdir(tmp_path)
    return tmp_path
