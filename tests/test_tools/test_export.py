"""tools/export.py, and tools/predict.py on what it writes."""
import cv2
import numpy as np
import pytest
from run_tool import run_tool
from tiny_segmentor import tiny_config, write_weights

for _package in ('onnx', 'onnxscript', 'onnxruntime'):
    pytest.importorskip(_package, reason='needs the extra export')


@pytest.fixture(scope='module')
def here(tmp_path_factory):
    """A folder with a config, its weights and two images."""
    here = tmp_path_factory.mktemp('elsewhere')
    cfg = tiny_config()
    cfg.dump(here / 'config.py')
    write_weights(cfg, here / 'weights.pth')
    (here / 'scans').mkdir()
    for i, size in enumerate(((40, 52), (61, 33))):
        image = np.random.default_rng(i).integers(0, 256, size, np.uint8)
        cv2.imwrite(str(here / f'scans/{i}.png'),
                    cv2.GaussianBlur(image, None, 2))
    return here


@pytest.fixture
def run(repository, here, monkeypatch):
    """Return a function that runs a tool in this process.

    What it returns is all that was printed, and None or the exit's reason.
    """
    monkeypatch.chdir(here)

    def run(tool, *arguments):
        return run_tool(repository / f'tools/{tool}.py', *arguments, cwd=here)

    return run


def test_exports_and_predicts_the_same(run, here):
    text, reason = run('export', 'config.py', 'weights.pth',
                       'new/model.onnx', '--size', '48', '64')
    assert reason is None, reason
    assert 'Wrote new/model.onnx' in text
    assert 'image (batch, height, width, 3) uint8' in text
    assert 'another class: 0 of ' in text
    assert '(1 x 48 x 64, 2 x 65 x 102)' in text
    assert '1 x 48 x 64: PyTorch' in text and 'onnxruntime' in text
    for name, options in (
            ('onnx', ['--onnx', 'new/model.onnx', '--report']),
            ('torch', ['--config', 'config.py', '--checkpoint',
                       'weights.pth', '--device', 'cpu'])):
        _, reason = run('predict', 'scans', '--out', name, *options)
        assert reason is None, reason
    for i in range(2):
        onnx, torch = (
            cv2.imread(str(here / f'{name}/masks/{i}.png'), -1)
            for name in ('onnx', 'torch'))
        np.testing.assert_array_equal(onnx, torch)
        assert len(np.unique(onnx)) > 1
    page = (here / 'onnx/report.html').read_text(encoding='utf-8')
    assert page.count('<figure>') == 2 and 'weights.pth' in page


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (('config.py', 'weights.pth', 'model.pth'), 'must end in .onnx or .pt2'),
    (('config.py', 'weights.pth', 'weights.pth/a.onnx'), 'weights.pth'),
    (('config.py', 'none.pth', 'model.onnx'), 'none.pth'),
    (('none.py', 'weights.pth', 'model.onnx'), 'none.py'),
])
def test_errors_are_sentences(run, here, arguments, sentence):
    _, reason = run('export', *arguments)
    assert sentence in str(reason)
    assert not list(here.glob('*.onnx'))
