"""Which values are rounded where tokens are multiplied."""
import numpy as np
import onnx
import pytest

pytest.importorskip('onnxruntime', reason='needs the extra export')

from onnx import helper, numpy_helper

from mmseg_ext.compression.quantization.qdq import (
    Number,
    prepare_graph,
    quantize_graph,
)

# a MatMul with a bias becomes a Gemm
PRODUCTS = {'Conv', 'MatMul', 'Gemm'}


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    """Attention of tokens with itself between two convolutions, rounded."""
    folder = tmp_path_factory.mktemp('tokens')
    node, float32 = helper.make_node, onnx.TensorProto.FLOAT
    rng = np.random.default_rng(0)
    constants = {name: rng.normal(size=size).astype(np.float32) / 3
                 for name, size in dict(
                     stem=(8, 3, 1, 1), mix=(8, 8, 1, 1), values=(8, 8),
                     bias=(8, ), gain=(8, ), shift=(8, ),
                     last=(2, 8, 1, 1)).items()}
    constants.update(flat=np.array([1, 8, -1]), square=np.array([1, 8, 4, 4]))
    nodes = [
        node('Cast', ['image'], ['cast'], to=float32),
        node('Transpose', ['cast'], ['chw'], perm=[0, 3, 1, 2]),
        node('Conv', ['chw', 'stem'], ['s']),
        node('Conv', ['s', 'mix'], ['m']),
        node('Reshape', ['m', 'flat'], ['f']),
        node('Transpose', ['f'], ['tokens'], perm=[0, 2, 1]),
        node('LayerNormalization', ['tokens', 'gain', 'shift'], ['n'],
             axis=-1),
        node('Transpose', ['n'], ['k'], perm=[0, 2, 1]),
        node('MatMul', ['n', 'k'], ['scores']),
        node('Softmax', ['scores'], ['p'], axis=-1),
        node('MatMul', ['n', 'values'], ['v']),
        node('Add', ['v', 'bias'], ['vb']),
        node('MatMul', ['p', 'vb'], ['attended']),
        node('Add', ['tokens', 'attended'], ['stream']),
        node('Transpose', ['stream'], ['back'], perm=[0, 2, 1]),
        node('Reshape', ['back', 'square'], ['map']),
        node('Conv', ['map', 'last'], ['logits']),
    ]
    onnx.save(helper.make_model(helper.make_graph(
        nodes, 'tokens', [helper.make_tensor_value_info(
            'image', onnx.TensorProto.UINT8, (1, 4, 4, 3))],
        [helper.make_tensor_value_info('logits', float32, (1, 2, 4, 4))],
        [numpy_helper.from_array(value, name)
         for name, value in constants.items()]), ir_version=10,
        opset_imports=[helper.make_opsetid('', 18)]), folder / 'a.onnx')
    prepare_graph(folder / 'a.onnx', folder / 'prepared.onnx')
    quantize_graph(folder / 'prepared.onnx', folder / 'b.onnx',
                   [rng.integers(0, 256, (1, 4, 4, 3), np.uint8)], Number())
    return onnx.load(folder / 'b.onnx').graph


def test_products_alone_take_rounded_values(graph):
    made_by = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        kinds = [made_by[name].op_type for name in node.input
                 if name in made_by]
        if node.op_type in PRODUCTS:
            assert kinds[:2] == ['DequantizeLinear'] * 2
        if node.op_type in ('Softmax', 'Add', 'LayerNormalization'):
            assert 'DequantizeLinear' not in kinds


def test_what_matrices_give_is_not_rounded(graph):
    takers = {}
    for node in graph.node:
        for name in node.input:
            takers.setdefault(name, []).append(node.op_type)
    products = {node.output[0]: node.op_type for node in graph.node
                if node.op_type in PRODUCTS}
    assert sorted(products.values()) == [
        'Conv', 'Conv', 'Conv', 'Gemm', 'MatMul', 'MatMul']
    for name, kind in products.items():
        if kind != 'Conv':
            assert 'QuantizeLinear' not in takers[name]
    # from one convolution to the next nothing but eight bits
    assert takers['s'] == ['QuantizeLinear']
