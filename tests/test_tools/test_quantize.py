"""tools/quantize.py, and tools/predict.py on what it writes."""
import cv2
import pytest
from run_tool import run_tool
from tiny_segmentor import tiny_config

from mmseg_ext.compression.quantization.labelled import config_samples

pytest.importorskip('onnx', reason='needs the extra export')
pytest.importorskip('onnxruntime', reason='needs the extra export')

from toy_onnx import CLASSES, write_images, write_toy


@pytest.fixture
def run(repository, tmp_path, monkeypatch):
    """Return a function that runs a tool, and returns its text and exit."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / 'scans')
    write_toy('model.onnx', **CLASSES)

    def run(tool, *arguments):
        return run_tool(repository / f'tools/{tool}.py', *arguments,
                        cwd=tmp_path)

    return run


def test_quantizes_and_predicts(run, tmp_path):
    text, reason = run('quantize', 'model.onnx', 'int8.onnx', '--images',
                       'scans', '--count', '3')
    assert reason is None and 'Wrote int8.onnx' in text
    assert 'of the pixels of 3 images' in text
    for name in ('model', 'int8'):
        _, reason = run('predict', 'scans', '--onnx', f'{name}.onnx',
                        '--out', name, '--threads', '1')
        assert reason is None
    first, second = (cv2.imread(str(tmp_path / f'{name}/masks/0.png'), -1)
                     for name in ('model', 'int8'))
    assert (first == second).mean() > 0.95


def test_too_much_and_what_does_not_go_together(run, tmp_path):
    _, reason = run('quantize', 'model.onnx', 'int8.onnx', '--images',
                    'scans', '--min-agreement', '100')
    assert '(--min-agreement)' in reason
    assert not list(tmp_path.glob('int8*'))
    for more in (['--max-drop', '1'], []):
        _, reason = run('quantize', 'model.onnx', 'int8.onnx',
                        *(['--images', 'scans'] if more else []), *more)
        assert reason == 2
    _, reason = run('predict', 'scans', '--onnx', 'model.onnx', '--out', 'x',
                    '--threads', '0')
    assert reason == 2


def test_images_and_labels_of_a_config(sem_root):
    cfg = tiny_config()
    part = cfg.test_dataloader.dataset
    part.update(data_root=str(sem_root), info_band='mask', data_prefix=dict(
        img_path='images/val', seg_map_path='masks/val'))
    samples = config_samples(cfg, 'val', 'test', with_labels=True)
    assert [sample.path.parent.name for sample in samples] == ['val'] * 2
    for sample in samples:
        mask = cv2.imread(str(sem_root / 'masks/val' / sample.path.name), -1)
        assert (sample.label() == mask).all()
    with pytest.raises(ValueError, match='no train_dataloader'):
        config_samples(cfg, 'train')
