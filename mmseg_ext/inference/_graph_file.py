"""Files of a graph from images to logits: ONNX, and torch.export's."""
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from .logit_graph import LogitGraph
from .onnx_model import OnnxModel

SUFFIXES = ('.onnx', '.pt2')
AXES = ('batch', 'height', 'width')
# Since torch 2.6. Before, an ONNX file is traced by TorchScript.
BY_GRAPH = hasattr(torch.export.Dim, 'AUTO')


def write_graph(graph: LogitGraph, path: Path, images: np.ndarray,
                dynamic: tuple[str, ...], opset: int, metadata: dict) -> None:
    """Write a graph as the suffix says, an ONNX file or torch's program.

    Args:
        graph: From images to logits.
        path: File to write, with one of ``SUFFIXES``.
        images: What it is traced with, (B, H, W, 3), uint8.
        dynamic: Those of ``AXES`` that may be anything.
        opset: Version of ONNX's operators.
        metadata: Kept in the file, as JSON.
    """
    example = torch.from_numpy(images)
    names = dict(input_names=['image'], output_names=['logits'])
    text = json.dumps(metadata)
    with torch.no_grad(), _quiet('onnxscript'):
        if not BY_GRAPH:
            import onnx
            axes = {axis: AXES.index(axis) for axis in dynamic}
            torch.onnx.export(
                graph, (example, ), path, opset_version=opset, **names,
                dynamic_axes=dict(
                    image={i: axis for axis, i in axes.items()},
                    # (B, C, H, W)
                    logits={i + (i > 0): axis for axis, i in axes.items()}))
            written = onnx.load(path)
            onnx.helper.set_model_props(written, dict(mmseg_ext=text))
            onnx.save(written, path)
            return
        axes = {AXES.index(axis): torch.export.Dim.AUTO for axis in dynamic}
        program = torch.export.export(
            graph, (example, ), dynamic_shapes=(axes, ), strict=False)
        if path.suffix == '.pt2':
            torch.export.save(program, path,
                              extra_files={'mmseg_ext.json': text})
            return
        written = torch.onnx.export(
            program, dynamo=True, opset_version=opset, verbose=False, **names)
    written.model.metadata_props['mmseg_ext'] = text
    written.save(path)


def open_graph(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return what runs the file: uint8 images in, logits out."""
    if path.suffix == '.onnx':
        model = OnnxModel(str(path), torch.get_num_threads())
        return model._run
    module = torch.export.load(path).module()

    def run(batch: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.from_numpy(batch)).numpy()

    return run


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a package from telling what it does not optimise."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
