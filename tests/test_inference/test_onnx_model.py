"""OnnxModel on networks written by hand, whose logits are known."""
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mmseg_ext.inference import OnnxModel, Tiling, predict

pytest.importorskip('onnx', reason='needs the extra export')
pytest.importorskip('onnxruntime', reason='needs the extra export')

from graph_of_channels import METADATA, write

ALONE = '''
import sys
from importlib.machinery import PathFinder

class Without:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split('.')[0] not in ('torch', 'mmseg', 'mmengine', 'mmcv'):
            return PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
import numpy as np
from mmseg_ext.inference import OnnxModel, predict
image = np.zeros((5, 6, 3), np.uint8)
image[..., 2] = 1
assert (predict(OnnxModel(sys.argv[1]), image).mask == 2).all()
'''


def pictures(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)


def test_logits_and_attributes(tmp_path):
    model = OnnxModel(write(tmp_path / 'model.onnx', **METADATA), threads=1)
    batch = pictures(2, 7, 9)
    found = model.logits(batch)
    assert found.dtype == np.float32 and found.flags.writeable
    np.testing.assert_array_equal(found, batch.transpose(0, 3, 1, 2))
    assert model.classes == ('A', 'B', 'C')
    assert model.palette == METADATA['palette']
    assert model.tiling == Tiling((256, 192), (64, 32))
    assert model.bit_depth == 12 and model.crop_bottom == 3
    assert not model.resizes
    assert model.weights == str(tmp_path / 'model.onnx')
    assert model.details == dict(
        config='config.py', checkpoint='iter_9.pth',
        checkpoint_sha256='ab' * 32,
        transforms=['none, images keep their size'], test_mode='whole images')


@pytest.mark.parametrize('count', [1, 3, 7])
def test_fixed_batches_are_filled_up(tmp_path, count):
    model = OnnxModel(
        write(tmp_path / 'model.onnx', (3, 8, 6, 3), **METADATA))
    batch = pictures(count, 8, 6)
    np.testing.assert_array_equal(
        model.logits(batch), batch.transpose(0, 3, 1, 2))


def test_other_sizes_than_the_fixed_one_are_refused(tmp_path):
    model = OnnxModel(
        write(tmp_path / 'model.onnx', ('batch', 8, 6, 3), **METADATA))
    with pytest.raises(ValueError, match=r'images of 8 x 6 pixels only, and '
                       r'was given 8 x 7\. Export it anew with --size 8 7'):
        model.logits(pictures(1, 8, 7))


@pytest.mark.parametrize('size', [(8, 6), (9, 6), (20, 31)])
def test_larger_images_are_cut_to_the_fixed_size(tmp_path, size):
    model = OnnxModel(
        write(tmp_path / 'model.onnx', (1, 8, 6, 3), **METADATA))
    image = pictures(*size)
    found = predict(model, image)
    # the file returns the image itself
    np.testing.assert_array_equal(found.mask, image.argmax(-1))
    assert (found.tiles == 1) == (size == (8, 6))


def test_what_onnxruntime_refuses_is_a_runtime_error(tmp_path):
    model = OnnxModel(write(tmp_path / 'model.onnx', **METADATA))
    with pytest.raises(RuntimeError, match='onnxruntime: '):
        model._run(pictures(1, 4, 4).astype(np.float32))


@pytest.mark.parametrize(('keep_ratio', 'seen'), [
    (False, (16, 24)),
    (True, (16, 21)),  # of 30 x 40 the shorter side reaches its limit
])
def test_images_are_scaled_and_logits_scaled_back(tmp_path, keep_ratio,
                                                  seen):
    # no other size would be accepted
    model = OnnxModel(write(
        tmp_path / 'model.onnx', (1, *seen, 3),
        **dict(METADATA, resize=dict(scale=[24, 16],
                                     keep_ratio=keep_ratio))))
    assert model.resizes
    assert model.details['transforms'] == [
        f'Resize(scale=(24, 16), keep_ratio={keep_ratio})']
    y, x = np.mgrid[:30, :40]
    image = np.stack([4 * y, 3 * x, 255 - 3 * x - 4 * y], -1).astype(np.uint8)
    found = model.logits(image[None])
    assert found.shape == (1, 3, 30, 40)
    # a ramp stays a ramp, but for the border and rounding to 8 bits
    np.testing.assert_allclose(
        found[0, :2, 3:-3, 3:-3],
        image.transpose(2, 0, 1)[:2, 3:-3, 3:-3].astype(float), atol=1.5)


@pytest.mark.parametrize('align_corners', [False, True])
def test_back_as_pytorch_scales(align_corners, tmp_path):
    functional = pytest.importorskip('torch.nn.functional')
    torch = pytest.importorskip('torch')
    model = OnnxModel(write(
        tmp_path / 'model.onnx',
        **dict(METADATA, resize=dict(
            scale=[24, 16], keep_ratio=False,
            **(dict(align_corners=True) if align_corners else {})))))
    assert model.details['transforms'] == [
        'Resize(scale=(24, 16), keep_ratio=False)']
    batch = pictures(2, 33, 45)
    small = np.stack([cv2.resize(image, (24, 16)) for image in batch])
    expected = functional.interpolate(
        torch.from_numpy(small.transpose(0, 3, 1, 2)).float(), (33, 45),
        mode='bilinear', align_corners=align_corners)
    np.testing.assert_allclose(model.logits(batch), expected, atol=1e-3)


def test_needs_neither_torch_nor_mmseg(tmp_path):
    path = write(tmp_path / 'model.onnx', **METADATA)
    done = subprocess.run([sys.executable, '-c', ALONE, path],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_missing_onnxruntime_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / 'model.onnx', **METADATA)
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ImportError, match=r"'mmseg_ext\[export\]'"):
        OnnxModel(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.onnx'):
        OnnxModel(str(tmp_path / 'none.onnx'))
    (tmp_path / 'text.onnx').write_text('text')
    with pytest.raises(ValueError, match=r'cannot read .*text\.onnx'):
        OnnxModel(str(tmp_path / 'text.onnx'))
    foreign = write(tmp_path / 'foreign.onnx')
    with pytest.raises(ValueError, match=r'not written by mmseg-ext export'):
        OnnxModel(foreign)
    (tmp_path / 'own.pth').write_text('text')
    with pytest.raises(ValueError, match=r'own\.pth: .* by --config and'):
        OnnxModel(str(tmp_path / 'own.pth'))
    (tmp_path / 'lfs.onnx').write_text('version https://git-lfs.github.com/')
    with pytest.raises(ValueError, match=r'lfs\.onnx: .*git lfs pull'):
        OnnxModel(str(tmp_path / 'lfs.onnx'))
