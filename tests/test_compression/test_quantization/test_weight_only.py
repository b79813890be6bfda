"""Weights of eight bits under activations of float32."""
import numpy as np
import onnx
import pytest

pytest.importorskip('onnxruntime', reason='needs the extra export')

import onnxruntime
from onnx import helper, numpy_helper

from mmseg_ext.compression.quantization.weight_only import quantize_weights

# type, shape of the input, of the weight, axis of the output channels
LAYERS = {
    'Conv': ((1, 4, 5, 5), (6, 4, 3, 3), 0, {}),
    'depthwise': ((1, 4, 5, 5), (4, 1, 3, 3), 0, dict(group=4)),
    'ConvTranspose': ((1, 4, 5, 5), (4, 6, 2, 2), 1, {}),
    'Gemm': ((3, 4), (4, 6), 1, {}),
    'transposed': ((3, 4), (6, 4), 0, dict(transB=1)),
    'MatMul': ((2, 3, 4), (4, 6), 1, {}),
    'several': ((2, 3, 4), (2, 4, 6), 2, {}),
}
TYPES = dict(depthwise='Conv', transposed='Gemm', several='MatMul')


def write(path, kind, shape, options, weight):
    node = helper.make_node(TYPES.get(kind, kind), ['x', 'w'], ['y'],
                            'layer', **options)
    float32 = onnx.TensorProto.FLOAT
    onnx.save(helper.make_model(helper.make_graph(
        [node], 'one', [helper.make_tensor_value_info('x', float32, shape)],
        [helper.make_tensor_value_info('y', float32, None)],
        [numpy_helper.from_array(weight, 'w')]), ir_version=10,
        opset_imports=[helper.make_opsetid('', 18)]), path)


def run(path, x):
    options = onnxruntime.SessionOptions()
    # or late ones round what such a MatMul takes anew, by blocks of values
    options.add_session_config_entry(
        'session.qdq_matmulnbits_accuracy_level', '1')
    return onnxruntime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']).run(
            None, dict(x=x))[0]


@pytest.mark.parametrize('kind', LAYERS)
def test_as_a_layer_of_dequantized_weights(tmp_path, kind):
    shape, weight_shape, axis, options = LAYERS[kind]
    rng = np.random.default_rng(0)
    x, weight = (rng.normal(size=size).astype(np.float32)
                 for size in (shape, weight_shape))
    channels = np.moveaxis(weight, axis, 0)
    channels *= 10.**np.arange(len(channels)).reshape(
        -1, *[1] * (weight.ndim - 1))  # far apart: a scale for each
    channels[0] = 0  # a dead one
    rounded = channels.copy()
    for channel in rounded[1:]:
        scale = np.abs(channel).max() / 127
        channel[:] = np.rint(channel / scale) * scale
    rounded = np.moveaxis(rounded, 0, axis)
    path = tmp_path / 'layer.onnx'
    write(path, kind, shape, options, weight)
    quantize_weights(path, ['layer'])
    graph = onnx.load(path).graph
    assert sorted(value.data_type for value in graph.initializer) == [
        onnx.TensorProto.FLOAT, onnx.TensorProto.INT8]
    found = run(path, x)
    write(path, kind, shape, options, rounded)
    np.testing.assert_allclose(found, run(path, x), rtol=1e-4, atol=1e-5)


def test_what_enters_is_not_rounded(tmp_path):
    """Of a value that another layer takes rounded; its weight may stay."""
    rng = np.random.default_rng(0)
    float32 = onnx.TensorProto.FLOAT
    x = rng.uniform(-1, 1, (2, 4)).astype(np.float32)
    first, second = rng.normal(size=(2, 4, 4)).astype(np.float32)
    node = helper.make_node
    graph = helper.make_graph(
        [
            node('QuantizeLinear', ['x', 'scale'], ['q']),
            node('DequantizeLinear', ['q', 'scale'], ['d']),
            node('MatMul', ['d', 'first'], ['a'], 'rounded'),
            node('MatMul', ['d', 'second'], ['b'], 'exact'),
            node('Concat', ['a', 'b'], ['y'], axis=1),
        ], 'two', [helper.make_tensor_value_info('x', float32, x.shape)],
        [helper.make_tensor_value_info('y', float32, (2, 8))],
        [numpy_helper.from_array(np.float32(value), name) for name, value in
         dict(scale=0.5, first=first, second=second).items()])
    path = tmp_path / 'two.onnx'
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[
        helper.make_opsetid('', 18)]), path)
    quantize_weights(path, ['exact'], floats=['exact'])
    # uint8 without a zero point holds nothing below 0
    rounded = np.rint(x / 0.5).clip(0, 255) * 0.5
    np.testing.assert_allclose(
        run(path, x), np.hstack([rounded @ first, x @ second]), rtol=1e-5,
        atol=1e-6)
    quantize_weights(path, ['rounded', 'exact'], floats=['rounded', 'exact'])
    assert [node.op_type for node in onnx.load(path).graph.node] == [
        'MatMul', 'MatMul', 'Concat']
    np.testing.assert_allclose(
        run(path, x), np.hstack([x @ first, x @ second]), rtol=1e-5,
        atol=1e-6)
