"""ONNX files with eight bits between their layers, by onnxruntime."""
import inspect
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.qdq_loss_debug import (
    collect_activations,
    compute_signal_to_quantization_noice_ratio,
    compute_weight_error,
    create_activation_matching,
    create_weight_matching,
    modify_model_output_intermediate_tensors,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from mmseg_ext.basics import command_for

# Layers with weights, and products of activations: nearly all of the time.
PRODUCTS = ('Conv', 'ConvTranspose', 'Gemm', 'MatMul')
MIN_OPSET = 13  # the first with a scale for each channel
METHODS = dict(minmax=CalibrationMethod.MinMax,
               percentile=CalibrationMethod.Percentile)
LARGEST = 256  # pixels of an image's side to rank layers with


@dataclass(frozen=True)
class Number:
    """Which eight bits.

    Attributes:
        signed: Of activations; weights always are.
        reduced: Weights of seven bits.
    """
    signed: bool = False
    reduced: bool = False

    def describe(self) -> str:
        """Say it as onnxruntime's users do."""
        return (f'{"S8S8" if self.signed else "U8S8"}'
                f'{", weights of 7 bits" * self.reduced}')


class Reader(CalibrationDataReader):
    """Hands batches to onnxruntime, in parts if it asks for them."""

    def __init__(self, batches: Sequence[np.ndarray]) -> None:
        self.batches = batches
        self.set_range(0, len(batches))

    def __len__(self) -> int:
        return len(self.batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Hand out these batches next."""
        self._next = iter(self.batches[start_index:end_index])

    def get_next(self) -> dict | None:
        """Return the next batch by the input's name; None: no more."""
        batch = next(self._next, None)
        return None if batch is None else dict(image=batch)


def check_quantizable(path: Path) -> None:
    """Refuse a file that cannot or need not be quantized.

    Raises:
        ValueError: Why.
    """
    model = onnx.load(path, load_external_data=False)
    if any(node.op_type == 'DequantizeLinear' for node in model.graph.node):
        raise ValueError(f'{path} is quantized already. Give the file that '
                         f'{command_for("export")} wrote')
    opset = max((item.version for item in model.opset_import
                 if item.domain in ('', 'ai.onnx')), default=0)
    if opset < MIN_OPSET:
        raise ValueError(
            f'{path} is of opset {opset}, which has no scales for each '
            f'channel. Export it anew with --opset {MIN_OPSET} or more')


def prepare_graph(source: Path, target: Path) -> None:
    """Write a file whose batch norms are folded and whose nodes have names.
    """
    with _quiet():
        # With open sizes and integers that crop, inference by symbols stops.
        quant_pre_process(str(source), str(target), skip_symbolic_shape=True)
    model = onnx.load(target)
    names = {node.name for node in model.graph.node}
    for i, node in enumerate(model.graph.node):
        if not node.name:
            node.name = f'{node.op_type}_{i}'
            while node.name in names:
                node.name += '_'
            names.add(node.name)
    onnx.save(model, target)


def product_names(path: Path) -> list[str]:
    """Return the names of the nodes that multiply, from input to output."""
    return [node.name for node in onnx.load(path).graph.node
            if node.op_type in PRODUCTS]


def has_tokens(path: Path) -> bool:
    """Return whether a network multiplies matrices, as attention does."""
    return any(node.op_type == 'MatMul' for node in onnx.load(path).graph.node)


def input_arithmetic(path: Path) -> set[str]:
    """Return the names of the nodes before the first products.

    They normalize pixels of 0 to 255, which eight bits with another scale
    would round.
    """
    graph, behind, names = onnx.load(path).graph, set(), set()
    for node in graph.node:  # sorted, as ONNX demands it
        if (node.op_type in PRODUCTS
                or any(name in behind for name in node.input)):
            behind.update(node.output)
        else:
            names.add(node.name)
    return names


def quantize_graph(prepared: Path, target: Path,
                   batches: Sequence[np.ndarray], number: Number,
                   method: str = 'minmax', floats: Iterable[str] = ()
                   ) -> None:
    """Write a file of eight bits.

    Of a convolutional network all that can is rounded, so that values stay
    in eight bits from layer to layer. With products of activations, or of
    tokens, it is the products alone: softmax, normalization and GELU between
    them are in float32 anyway. What leaves a MatMul is not rounded then. That
    of linear layers, before their bias, cost SegFormer-B0 3 points of mIoU
    where all else together costs 1; that of attention costs nothing, but
    onnxruntime knows of types alone.

    Args:
        prepared: By :func:`prepare_graph`. The ranges of its activations are
            kept beside it, where onnxruntime can.
        target: File to write.
        batches: Real images.
        number: Which eight bits.
        method: How ranges are found, one of ``METHODS``.
        floats: Names of nodes that stay in float32.
    """
    kind = QuantType.QInt8 if number.signed else QuantType.QUInt8
    kept = {}
    if 'calibration_cache_path' in inspect.signature(
            quantize_static).parameters:  # not in older ones
        kept = dict(calibration_cache_path=prepared.with_suffix('.json'))
    options = dict(CalibStridedMinMax=1)
    if has_tokens(prepared):
        kept['op_types_to_quantize'] = list(PRODUCTS)
        options['OpTypesToExcludeOutputQuantization'] = ['MatMul', 'Gemm']
    with _quiet():
        quantize_static(
            str(prepared), str(target), Reader(batches),
            quant_format=QuantFormat.QDQ, activation_type=kind,
            weight_type=QuantType.QInt8, per_channel=True,
            reduce_range=number.reduced, calibrate_method=METHODS[method],
            nodes_to_exclude=sorted({*floats, *input_arithmetic(prepared)}),
            # what all of them would keep of a percentile fills memory
            extra_options=options, **kept)


def rank_products(prepared: Path, quantized: Path,
                  batches: Sequence[np.ndarray]) -> list[str]:
    """Return the names of the nodes that multiply, the noisiest first.

    Noise is what rounding a node's inputs and weights adds to them, each as
    a fraction of its own power. The first convolution and the last one, the
    classifier, are cheap to leave in float32 and stand before all others.

    Args:
        prepared: File before quantization.
        quantized: After it.
        batches: Of which the middle is looked at.
    """
    graph = onnx.load(prepared).graph
    products = [node for node in graph.node if node.op_type in PRODUCTS]
    shape = graph.input[0].type.tensor_type.shape.dim
    batches = [batch[tuple(map(_middle, batch.shape[:3], shape))]
               for batch in batches]
    augmented = quantized.with_name('augmented.onnx')
    with _quiet():
        modify_model_output_intermediate_tensors(
            str(quantized), str(augmented))
        values = collect_activations(str(augmented), Reader(batches))
        decibels = compute_weight_error(
            create_weight_matching(str(prepared), str(quantized)), _decibels)
    for name, pair in create_activation_matching(values).items():
        decibels[name] = compute_signal_to_quantization_noice_ratio(
            pair['pre_qdq'], pair['post_qdq'])
    noise = {node.name: sum(10**(-decibels[name] / 10) for name in node.input
                            if name in decibels) for node in products}
    convolutions = [node.name for node in products
                    if node.op_type == 'Conv'] or [*noise]
    cheap = dict.fromkeys([convolutions[0], convolutions[-1]])
    return [*cheap, *(name for name in sorted(noise, key=noise.get)[::-1]
                      if name not in cheap)]


def _decibels(before: np.ndarray, after: np.ndarray) -> float:
    # onnxruntime cannot tell the length of a single number
    return compute_signal_to_quantization_noice_ratio(
        *map(np.atleast_1d, (before, after)))


def with_inputs(path: Path, names: Iterable[str]) -> set[str]:
    """Return nodes that multiply, and what lies between them and others.

    Their inputs would be rounded all the same by what only moves, adds or
    joins values before them.
    """
    nodes = onnx.load(path).graph.node
    made_by = {name: node for node in nodes for name in node.output}
    by_name = {node.name: node for node in nodes}
    found, left = set(), deque(names)
    while left:
        name = left.popleft()
        found.add(name)
        for value in by_name[name].input:
            before = made_by.get(value)
            if (before is not None and before.op_type not in PRODUCTS
                    and before.name not in found):
                left.append(before.name)
    return found


def _middle(length: int, dim) -> slice:
    """Return the middle of a side; all of one that the file prescribes."""
    if dim.HasField('dim_value') or length <= LARGEST:
        return slice(None)
    start = (length - LARGEST) // 2
    return slice(start, start + LARGEST)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime's tools from advising those who program them."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
