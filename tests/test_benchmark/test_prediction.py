"""How many images a second the command predicts, and what it takes."""
import csv
import io
import signal
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from held_work import is_gone, wait_for

from mmseg_ext.benchmark.prediction import measure_prediction, plan_prediction
from mmseg_ext.benchmark.prediction_report import write_prediction
from mmseg_ext.benchmark.process_tree import PROC

needs_proc = pytest.mark.skipif(
    not (PROC / 'self/smaps_rollup').exists(), reason='needs /proc: Linux')


@pytest.fixture
def scans(tmp_path):
    found = []
    for name in 'ab':
        found.append(tmp_path / f'{name}.png')
        image = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)
        cv2.imwrite(str(found[-1]), image)
    return found


def script(folder: Path, text: str) -> Path:
    """Something that takes the place of tools/predict.py."""
    path = folder / 'script.py'
    path.write_text(text)
    return path


def test_the_command(scans, tmp_path, repository):
    """Two processes predict three images, one of them a second time."""
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    from graph_of_channels import METADATA, write

    model = write(tmp_path / 'model.onnx', **METADATA)
    plan = plan_prediction(
        repository / 'tools/predict.py', scans, ['--onnx', model], [3], [2],
        1)
    said = []
    run, = measure_prediction(plan, tmp_path / 'out', said.append)
    row, = run.rows
    assert said == ['One image, to warm up', '[1/1] 3 images, 2 processes']
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['log.txt']
    printed = (tmp_path / 'out/log.txt').read_text()
    assert '3 images, 0 of them predicted before' in printed
    assert row.work[0] > 0
    assert row.rate == 3 / row.seconds[0]

    files, text = write_prediction(run, tmp_path / 'out')
    assert '| 3, 2 |' in text and model in text
    line, = csv.DictReader(io.StringIO(files[0].read_text()))
    assert float(line['images_per_second']) == row.rate
    assert float(line['ratio']) == 1 and line['files'] == '2'


OTHER = "block = bytearray(b'1') * (300 << 20); input()"
HITACHI = '[SemImageFile]\nPixelSize=49.6\n'
# With two processes there is another of 100 MB, for two seconds.
TAKES = '''
import subprocess, sys, time
from pathlib import Path
block = bytearray(b'1') * (100 << 20)
if len(sys.argv) == 1:
    time.sleep(2)
    sys.exit()
masks = Path(sys.argv[sys.argv.index('--out') + 1]) / 'masks'
masks.mkdir(parents=True)
scans = list(Path(sys.argv[1]).glob('*.png'))
assert len({path.resolve() for path in scans}) == min(len(scans), 2)
for path in scans:
    assert 'PixelSize' in path.with_suffix('.txt').read_text()
    (masks / path.name).touch()
several = sys.argv[-1] == '2'
child = subprocess.Popen([sys.executable, *sys.argv[:1]] if several else
                         [sys.executable, '-c', ''])
while time.process_time() < 0.5:
    pass
time.sleep(1)  # to be looked at
child.wait()
'''


@needs_proc
def test_memory_work_and_ratios(scans, tmp_path):
    """Of the command and of all that it starts."""
    for scan in scans:  # beside an image, under its name
        scan.with_suffix('.txt').write_text(HITACHI)
    plan = plan_prediction(script(tmp_path, TAKES), scans, ['--onnx', 'x'],
                           [5], [2, 1], 2)
    other = subprocess.Popen([sys.executable, '-c', OTHER],
                             stdin=subprocess.PIPE)  # is not counted
    for run in measure_prediction(plan, tmp_path / 'out', print):
        one, two = run.rows
        assert (one.processes, two.processes) == (1, 2)
        assert len(one.seconds) == len(two.ratios)
    other.kill()
    other.wait()
    # the interpreter's own share is less than that of another block
    assert 100 < one.memory / 2**20 < 200
    assert 100 < (two.memory - one.memory) / 2**20 < 200
    for row in run.rows:
        assert all(0.5 <= work < 2 for work in row.work)
    assert one.ratios == [1, 1]
    assert two.ratios == [a / b for a, b in zip(one.seconds, two.seconds)]


def test_what_fails_is_said(scans, tmp_path):
    plan = plan_prediction(
        script(tmp_path, 'import sys\nprint("so")\nsys.exit("no model")'),
        scans, ['--onnx', 'x'])
    with pytest.raises(ChildProcessError,
                       match=r'(?s)ended with status 1\. .*\nso\nno model'):
        next(measure_prediction(plan, tmp_path / 'out', print))
    with pytest.raises(FileExistsError, match='name a new folder'):
        next(measure_prediction(plan, tmp_path / 'out', print))


HANGS = """
import os, time
from pathlib import Path
Path(__file__).with_name('pid').write_text(str(os.getpid()))
time.sleep(600)
"""


def test_interrupted(scans, tmp_path):
    """What runs is ended, and leaves nothing."""
    plan = plan_prediction(script(tmp_path, HANGS), scans, ['--onnx', 'x'])
    pid = tmp_path / 'pid'

    def interrupt():
        wait_for(lambda: pid.exists() and pid.read_text())
        signal.pthread_kill(main, signal.SIGINT)

    main = threading.main_thread().ident
    with pytest.raises(KeyboardInterrupt):
        threading.Thread(target=interrupt).start()
        next(measure_prediction(plan, tmp_path / 'out', print))
    assert is_gone(pid.read_text())
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['log.txt']


def test_other_images_than_those_counted(scans, tmp_path):
    plan = plan_prediction(script(tmp_path, 'pass'), scans, ['--onnx', 'x'])
    with pytest.raises(ChildProcessError, match='predicted 0 images of 1'):
        next(measure_prediction(plan, tmp_path / 'out', print))


@pytest.mark.parametrize(('options', 'numbers', 'found'), [
    (['--proc', '2'], {}, '--proc: --processes is set'),
    (['--out=x'], {}, '--out=x: --out is set'),
    (['more', '--onnx', 'x'], {}, 'more: options of predict.py begin'),
    ([], dict(images=[0]), 'images=0'),
    ([], dict(processes=[0]), 'processes=0'),
    ([], dict(repeats=0), 'repeats=0'),
])
def test_refused(scans, options, numbers, found):
    with pytest.raises(ValueError, match=found):
        plan_prediction(Path('x'), scans, options, **numbers)
