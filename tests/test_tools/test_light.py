"""What prepares data does without torch, in little memory."""
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

PROGRAM = """
import json, re, runpy, sys
from pathlib import Path
tool, *sys.argv = sys.argv[1:]
status = 0
sys.argv.insert(0, tool)
try:
    runpy.run_path(tool, run_name='__main__')
except SystemExit as end:
    status = end.code or 0
heavy = [name for name in ('torch', 'mmseg', 'mmcv') if name in sys.modules]
# not getrusage, which counts what this process was forked from
peak = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())
found = dict(status=status, heavy=heavy, megabytes=int(peak[1]) / 1024)
print('\\n' + json.dumps(found))
"""


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """24 pairs of the size that microscopes write."""
    root = tmp_path_factory.mktemp('a folder') / 'sem'
    for kind in ('images', 'masks'):
        (root / kind).mkdir(parents=True)
    for i in range(24):
        coarse = np.random.default_rng(i).integers(0, 256, (30, 40), np.uint8)
        grey = cv2.resize(coarse, (1280, 960), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(root / f'images/{i}.png'), grey)
        cv2.imwrite(str(root / f'masks/{i}.png'), grey // 86)
    return root


@pytest.mark.parametrize('arguments', [
    ('check_dataset.py', '--images', 'sem/images', '--masks', 'sem/masks',
     '--classes', 'A', 'B', 'C', '--report', 'check.html'),
    ('convert_masks.py', 'sem', 'own', '--split', '1', '--map', 'A=0', 'B=1',
     'C=2'),
])
def test_without_torch_and_in_little_memory(root, repository, arguments):
    tool, *rest = arguments
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM, repository / 'tools' / tool, *rest],
        cwd=root.parent, text=True, capture_output=True,
        env=dict(os.environ, PYTHONPATH=str(repository)))
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop('megabytes') < 400
    assert found == dict(status=0, heavy=[])
