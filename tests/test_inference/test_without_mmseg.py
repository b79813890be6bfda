"""Prediction where neither torch nor OpenMMLab's packages are installed."""
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.inference import RunRecord, TorchModel, predict

LEFT_OUT = ('torch', 'functorch', 'mmseg', 'mmengine', 'mmcv', 'mmdet',
            'mmpretrain', '__editable__')
PREDICT = '''
import sys
from pathlib import Path
from threshold_model import ThresholdModel
from mmseg_ext.inference import PredictionJob, list_inputs
weights, source, out = map(Path, sys.argv[1:])
inputs = list_inputs([str(source)], out)
PredictionJob(ThresholdModel(weights), inputs, out, um_per_pixel=1.0).run()
loaded = {name.split('.')[0] for name in sys.modules}
sys.exit(' '.join(loaded & {'torch', 'mmseg', 'mmengine', 'mmcv'}) or 0)
'''


@pytest.fixture(scope='module')
def environment(tmp_path_factory, repository):
    """This Python's packages but for those, and the package itself."""
    folder = tmp_path_factory.mktemp('site')
    site = Path(np.__file__).parents[1]
    for path in site.iterdir():
        if not path.name.startswith(LEFT_OUT) and path.suffix != '.pth':
            (folder / path.name).symlink_to(path)
    (folder / 'mmseg_ext').symlink_to(repository / 'mmseg_ext')
    (folder / 'threshold_model.py').symlink_to(
        repository / 'tests/threshold_model.py')
    return {**os.environ, 'PYTHONPATH': str(folder)}


def python(environment, *arguments) -> subprocess.CompletedProcess:
    # -S: no site-packages but those of PYTHONPATH
    return subprocess.run(
        [sys.executable, '-S', *map(str, arguments)], env=environment,
        capture_output=True, text=True)


def test_predicts(environment, tmp_path):
    (tmp_path / 'levels.txt').write_text('0 100 250')
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((20, 30), 100, np.uint8))
    done = python(environment, '-c', PREDICT, tmp_path / 'levels.txt',
                  tmp_path / 'a.png', tmp_path / 'out')
    assert done.returncode == 0, done.stderr
    mask = cv2.imread(str(tmp_path / 'out/masks/a.png'),
                      cv2.IMREAD_UNCHANGED)
    assert mask.shape == (20, 30) and (mask == 1).all()
    assert (tmp_path / 'out/phases.png').exists()


def test_tool_says_what_is_missing(environment, repository, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((20, 30), np.uint8))
    done = python(environment, repository / 'tools/predict.py',
                  tmp_path / 'a.png', '--config', 'config.py',
                  '--checkpoint', 'weights.pth', '--out', tmp_path / 'out')
    assert done.returncode == 1
    assert 'torch' in done.stderr and 'Traceback' not in done.stderr


def test_tool_runs_on_an_exported_file(environment, repository, tmp_path):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    from mmseg_ext.inference.export import export_model
    cfg = tiny_config()
    weights = write_weights(cfg, tmp_path / 'model.pth')
    export_model(cfg, weights, str(tmp_path / 'model.onnx'), (64, 64))
    image = np.random.default_rng(0).integers(0, 256, (96, 160, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    done = python(environment, repository / 'tools/predict.py',
                  tmp_path / 'a.png', '--onnx', tmp_path / 'model.onnx',
                  '--out', tmp_path / 'out', '--crop-bottom', 'auto',
                  '--um-per-pixel', '1', '--report')
    assert done.returncode == 0, done.stderr
    mask = cv2.imread(str(tmp_path / 'out/masks/a.png'),
                      cv2.IMREAD_UNCHANGED)
    expected = predict(TorchModel(cfg, weights), image).mask
    assert (mask != expected).mean() < 1e-3  # rounding decides ties
    record = RunRecord.read(tmp_path / 'out')
    assert {'torch', 'mmseg'}.isdisjoint(record.versions)
    assert (tmp_path / 'out/report.html').exists()
