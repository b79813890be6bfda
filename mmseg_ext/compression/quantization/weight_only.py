"""Products whose weights alone have eight bits."""
from collections.abc import Collection
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from mmseg_ext.ops.quantization import INT8, quantize, symmetric_scale


def quantize_weights(path: Path, names: Collection[str],
                     floats: Collection[str] = ()) -> None:
    """Let nodes compute in float32, from weights stored in eight bits.

    What enters them is not rounded, whatever else takes it rounded. A weight
    has a scale for each of its output channels.

    Late versions of onnxruntime make MatMulNBits of a MatMul with such a
    weight, which rounds what enters it after all: at each call anew, with a
    scale for every few values, which loses far less than one for all.

    Args:
        path: File, changed in place.
        names: Of nodes that multiply and are not quantized.
        floats: Those of them whose weights stay in float32, too.
    """
    model = onnx.load(path)
    graph = model.graph
    names, floats = {*names}, {*floats}
    nodes = [node for node in graph.node if node.name in names]
    _take_before_rounding(graph, nodes)
    weights = {value.name: value for value in graph.initializer}
    rounded: dict[str, str] = {}
    for node in nodes:
        name = node.input[1]
        if node.name in floats or name not in weights:
            continue  # the product of two activations has no weight
        if name not in rounded:
            rounded[name] = _round(graph, weights[name], _axis(
                node, len(weights[name].dims)))
        node.input[1] = rounded[name]
    _remove_unused(graph)
    onnx.save(model, path)


def _take_before_rounding(graph: onnx.GraphProto,
                          nodes: list[onnx.NodeProto]) -> None:
    """Connect nodes to what was before QuantizeLinear, DequantizeLinear."""
    made_by = {name: node for node in graph.node for name in node.output}
    for node in nodes:
        for i, name in enumerate(node.input):
            second = made_by.get(name)
            if second is None or second.op_type != 'DequantizeLinear':
                continue
            first = made_by.get(second.input[0])
            if first is not None and first.op_type == 'QuantizeLinear':
                node.input[i] = first.input[0]


def _axis(node: onnx.NodeProto, dims: int) -> int:
    """Return the axis of a weight's output channels."""
    if node.op_type == 'Conv':
        return 0
    if node.op_type == 'Gemm':
        return int(not any(attribute.name == 'transB' and attribute.i
                           for attribute in node.attribute))
    return 1 if node.op_type == 'ConvTranspose' else dims - 1


def _round(graph: onnx.GraphProto, weight: onnx.TensorProto,
           axis: int) -> str:
    """Add a weight in eight bits, and return the name of its float32."""
    values = torch.from_numpy(numpy_helper.to_array(weight).copy())
    scale = symmetric_scale(values, axis)
    integers = quantize(values, scale, low=-INT8, high=INT8)
    name = f'{weight.name}_of_eight_bits'
    parts = dict(quantized=integers.to(torch.int8), scale=scale.flatten())
    graph.initializer.extend(
        numpy_helper.from_array(value.numpy(), f'{name}_{part}')
        for part, value in parts.items())
    # nodes are sorted, and this one needs nothing but constants
    graph.node.insert(0, onnx.helper.make_node(
        'DequantizeLinear', [f'{name}_{part}' for part in parts], [name],
        name, axis=axis))
    return name


def _remove_unused(graph: onnx.GraphProto) -> None:
    """Remove roundings that nothing takes, and weights likewise."""
    while True:
        used = {name for node in graph.node for name in node.input}
        used.update(value.name for value in graph.output)
        unused = [node for node in graph.node
                  if node.op_type in ('QuantizeLinear', 'DequantizeLinear')
                  and used.isdisjoint(node.output)]
        if not unused:
            break
        for node in unused:
            graph.node.remove(node)
    for value in list(graph.initializer):
        if value.name not in used:
            graph.initializer.remove(value)
