"""A network of two convolutions for quantization, and images for it."""
import json

import cv2
import numpy as np
import onnx
from graph_of_channels import METADATA

from mmseg_ext.compression.quantization import (
    QuantizationSettings,
    Sample,
    quantize_model,
)
from mmseg_ext.inference import OnnxModel

CLASSES = dict(METADATA, bit_depth=None, crop_bottom=0)


def write_toy(path, shape=('batch', 'height', 'width', 3), opset=18,
              **metadata) -> str:
    """Write a network of two convolutions; no node has a name."""
    helper, types = onnx.helper, onnx.TensorProto
    rng = np.random.default_rng(0)
    weights = dict(
        mean=np.full((1, 3, 1, 1), 110), std=np.full((1, 3, 1, 1), 60),
        first=rng.normal(size=(8, 3, 3, 3)) / 3,
        second=2 * rng.normal(size=(3, 8, 3, 3)) / 3, half=np.array(0.5))
    node = helper.make_node
    graph = helper.make_graph(
        [
            node('Cast', ['image'], ['cast'], to=types.FLOAT),
            node('Transpose', ['cast'], ['chw'], perm=[0, 3, 1, 2]),
            node('Sub', ['chw', 'mean'], ['centred']),
            node('Div', ['centred', 'std'], ['x']),
            node('Conv', ['x', 'first'], ['y'], pads=[1] * 4),
            node('Relu', ['y'], ['w']),
            node('Mul', ['w', 'half'], ['z']),  # by a number, of no axes
            node('Conv', ['z', 'second'], ['logits'], pads=[1] * 4),
        ], 'toy',
        [helper.make_tensor_value_info('image', types.UINT8, shape)],
        [helper.make_tensor_value_info(
            'logits', types.FLOAT, (shape[0], 3, *shape[1:3]))],
        [onnx.numpy_helper.from_array(value.astype(np.float32), name)
         for name, value in weights.items()])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=10)
    if metadata:
        helper.set_model_props(model, dict(mmseg_ext=json.dumps(metadata)))
    onnx.save(model, path)
    return str(path)


def _picture(seed: int, height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(
        0, 256, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(noise, None, 1.5)


def write_images(folder, count: int = 6) -> None:
    """Write soft noise, of two sizes in turn."""
    folder.mkdir()
    for i in range(count):
        cv2.imwrite(str(folder / f'{i}.png'),
                    _picture(i, 40, 40 + 8 * (i % 2)))


def check_quantizes(path, shapes) -> None:
    """Quantize a file of random weights, and run it as it was.

    Args:
        path: File of tools/export.py.
        shapes: (B, H, W) of images that it takes.
    """
    folder, out = path.parent / 'images', path.parent / 'int8.onnx'
    write_images(folder, 4)
    samples = [Sample(file) for file in sorted(folder.iterdir())]
    quantize_model(path, out, samples, samples, QuantizationSettings(
        count=2, min_agreement=0))
    models = OnnxModel(str(path)), OnnxModel(str(out))
    assert models[1].metadata == models[0].metadata
    for shape in shapes:
        batch = np.stack([_picture(i, *shape[1:]) for i in range(shape[0])])
        first, second = (model.logits(batch) for model in models)
        assert second.shape == first.shape
        assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.95
