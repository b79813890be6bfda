"""Write a trained segmentor as one file, and check it against PyTorch."""
import copy
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

import cv2
import numpy as np
import torch
from mmcv.transforms import Resize
from mmengine.config import Config

from mmseg_ext.basics import command_for
from mmseg_ext.basics.files import is_of_disk, sha256
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.staging import staged_file
from mmseg_ext.engine import load_config, require_extra

from ._graph_file import AXES, BY_GRAPH, SUFFIXES, open_graph, write_graph
from .logit_graph import LogitGraph
from .run_record import loaded_versions
from .torch_model import TorchModel
from .windows import Windows

# What may differ from size to size or stay as it was traced, best first.
CHOICES = (AXES, AXES[:1], ())
TOLERANCE = 1e-3  # of the largest logit
REPEATS = 5
WHOLE = 'To test whole images: --cfg-options model.test_cfg.mode=whole'


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it compares with PyTorch.

    Attributes:
        path: The file.
        dynamic: Which of 'batch', 'height' and 'width' may be anything.
        fixed_because: Why not all of them.
        checked: Shapes (B, H, W) of the images it was compared on.
        difference: Largest difference of a logit.
        scale: Largest absolute logit.
        other_classes: Pixels of another class than PyTorch's.
        pixels: Pixels compared.
        seconds: Least time for the first shape, by PyTorch and by the file.
        threads: Threads of both.
        windows: How the config cuts images, which the file does not.
        match: Method by which the config matches intensities, which goes by
            whole images: of tiles and windows each would get another map.
    """
    path: Path
    dynamic: tuple[str, ...]
    fixed_because: str
    checked: list[tuple[int, int, int]]
    difference: float
    scale: float
    other_classes: int
    pixels: int
    seconds: tuple[float, float]
    threads: int
    windows: Optional[Windows] = None
    match: Optional[str] = None

    def describe(self) -> str:
        """Say it in lines to print."""
        batch, height, width = self.checked[0]
        shape = [axis if axis in self.dynamic else str(length)
                 for axis, length in zip(AXES, self.checked[0])]
        runner = 'onnxruntime' if self.path.suffix == '.onnx' else 'the file'
        lines = [
            f'Wrote {self.path} ({self.path.stat().st_size / 1e6:.1f} MB)',
            f'image ({", ".join(shape)}, 3) uint8, channels blue, green, '
            'red -> logits, float32',
        ]
        if self.fixed_because:
            fixed = [axis for axis in AXES if axis not in self.dynamic]
            lines.append(f'Fixed: {", ".join(fixed)}, because '
                         f'{self.fixed_because}')
        if self.windows:
            lines.append(
                f'The config tests in {self.windows.describe()}: '
                f'{command_for("predict")} cuts them, other programs must do '
                'so')
        if self.match:
            lines.append(
                f"The config matches each image's intensities ({self.match}), "
                'by the whole image and so not in the network: '
                f'{command_for("predict")} does it, other programs must (key '
                'match of the metadata)')
        sizes = ', '.join(' x '.join(map(str, x)) for x in self.checked)
        lines += [
            f'Largest difference from PyTorch: {self.difference:.2g}, of '
            f'logits up to {self.scale:.3g}; another class: '
            f'{self.other_classes} of {self.pixels} pixels ({sizes})',
            f'{batch} x {height} x {width}: PyTorch '
            f'{1e3 * self.seconds[0]:.1f} ms, {runner} '
            f'{1e3 * self.seconds[1]:.1f} ms (least of {REPEATS} each, '
            f'{counted(self.threads, "thread")})',
        ]
        return '\n'.join(lines)


def export_model(cfg: Config | str,
                 checkpoint: str,
                 out: str | Path,
                 size: Optional[tuple[int, int]] = None,
                 batch: int = 1,
                 fixed_size: bool = False,
                 opset: int = 18,
                 overwrite: bool = False,
                 tolerance: float = TOLERANCE) -> ExportReport:
    """Write a trained segmentor as an ONNX file or a torch.export program.

    The file is compared with mmseg's own prediction at two sizes and
    batches, where it takes more than one, and is not left behind if it
    differs. It holds the network and, in its metadata (key 'mmseg_ext',
    JSON), classes, palette, how images are scaled, normalized and cut into
    windows, the checkpoint's hash, and versions.

    Args:
        cfg: Config, or its file.
        checkpoint: File of the weights, read as data.
        out: File to write, ``*.onnx`` or ``*.pt2`` (torch.export).
        size: (height, width) of the images that it is traced with, in
            pixels. None: the size of the config's windows, or that to which
            it scales, or 512 x 512.
        batch: Number of images that it is traced with.
        fixed_size: Take no other batch and size. Some runtimes want it.
        opset: Version of ONNX's operators.
        overwrite: Replace a file that is there.
        tolerance: Largest difference from PyTorch that is accepted, as a
            fraction of the largest logit.

    Raises:
        BlockingIOError: If another process writes the file.
        FileExistsError: If there is such a file.
        ImportError: If torch is too old, or a package is missing.
        ValueError: If the model cannot be exported, or the result differs.
    """
    out = Path(out)
    _check(out, size, batch)
    with staged_file(out, overwrite) as new:
        report = _export(cfg, checkpoint, new, size, batch, fixed_size, opset,
                         tolerance)
    return replace(report, path=out)


def _export(cfg: Config | str, checkpoint: str, out: Path,
            size: Optional[tuple[int, int]], batch: int, fixed_size: bool,
            opset: int, tolerance: float) -> ExportReport:
    cfg = load_config(cfg) if isinstance(cfg, str) else cfg
    model = TorchModel(cfg, checkpoint, 'cpu')
    # a copy: the file is compared with mmseg's own layers, not their twins
    graph = LogitGraph(copy.deepcopy(model.model)).eval()
    resize = _find_resize(model)
    windows = _find_windows(model, graph)
    metadata = _describe(model, graph, cfg, checkpoint, resize, windows)
    size = _size(resize, windows, size)
    plain = _without_scaling(model)
    report = _first_that_works(graph, plain, out, (batch, *size), fixed_size,
                               opset, metadata, tolerance)
    return ExportReport(
        out, windows=windows, match=model.match and model.match.method,
        **report)


def _check(out: Path, size: Optional[Sequence[int]], batch: int) -> None:
    if out.suffix not in SUFFIXES:
        raise ValueError(f'{out}: must end in {" or ".join(SUFFIXES)}')
    if min(size or (1, )) < 1 or batch < 1:
        raise ValueError(f'size={size}, batch={batch}: must be at least 1')
    if out.suffix == '.onnx':
        for package in ('onnx', 'onnxscript', 'onnxruntime'):
            require_extra(package, 'export')
    elif not BY_GRAPH:
        raise ImportError(f'{out}: needs torch 2.6 or newer, found '
                          f'{torch.__version__}; *.onnx does not')


def _find_resize(model: TorchModel) -> Optional[dict]:
    """Return how the test pipeline scales images; None: it does not.

    Raises:
        ValueError: If it does anything else that the file would miss.
    """
    found = None
    for step in model.steps:
        if type(step).__name__ == 'PackSegInputs':
            continue
        if (not isinstance(step, Resize) or step.scale is None
                or step.interpolation != 'bilinear' or step.backend != 'cv2'
                or found is not None):
            raise ValueError(
                f'The test pipeline has {step}. One bilinear Resize to a '
                'scale is all that can be exported')
        found = dict(scale=list(step.scale), keep_ratio=step.keep_ratio)
        if model.model.align_corners:  # older files have no such key
            found['align_corners'] = True
    return found


def _find_windows(model: TorchModel, graph: LogitGraph) -> Optional[Windows]:
    """Return how the config cuts images in testing; None: it does not.

    Raises:
        ValueError: If the file could not be used in such windows.
    """
    if model.windows is None:
        return None
    if model.model.out_channels == 1:
        raise ValueError(
            'The config tests in windows, and its head has one channel: the '
            'file returns the probability of each window, and mmseg takes it '
            f'after the mean over them. {WHOLE}')
    return replace(model.windows, divisor=graph.divisor)


def _size(resize: Optional[dict], windows: Optional[Windows],
          size: Optional[Sequence[int]]) -> tuple[int, int]:
    """Return (height, width) to trace with: ``size``, or what suits."""
    scaled = tuple(resize['scale'][::-1]) if resize else None
    if size is None:
        return windows.size if windows else scaled or (512, 512)
    size = tuple(size)
    if windows and size != windows.size:
        raise ValueError(
            f'The config tests in {windows.describe()}, so that the network '
            f'never sees {size[0]} x {size[1]}: leave the size away. {WHOLE}')
    if resize and not resize['keep_ratio'] and size != scaled:
        raise ValueError(
            f'The config scales every image to {scaled[0]} x {scaled[1]} '
            f'pixels, so that the network never sees {size[0]} x {size[1]}: '
            'leave the size away, or Resize out of its test pipeline')
    return size


def _describe(model: TorchModel, graph: LogitGraph, cfg: Config,
              checkpoint: str, resize: Optional[dict],
              windows: Optional[Windows]) -> dict:
    tiling = model.tiling
    return dict(
        classes=list(model.classes),
        palette=model.palette,
        bit_depth=model.bit_depth,
        crop_bottom=model.crop_bottom,
        match=model.match and model.match.arguments(),
        intensity=model.intensities and model.intensities.record(),
        resize=resize,
        mean=graph.mean.flatten().tolist(),
        std=graph.std.flatten().tolist(),
        to_rgb=graph.flip,
        size_divisor=graph.divisor,
        windows=windows and dict(size=windows.size, stride=windows.stride),
        tiling=[tiling.tile, tiling.overlap],
        config=Path(cfg.filename).name if cfg.filename else '',
        checkpoint=Path(checkpoint).name,
        checkpoint_sha256=sha256(checkpoint),
        versions=loaded_versions())


def _without_scaling(model: TorchModel) -> TorchModel:
    """Return the model as mmseg tests it, on images of its own scale."""
    plain = copy.copy(model)
    plain.steps = [step for step in model.steps
                   if not isinstance(step, Resize)]
    # windows are cut around the file; the config's own dict stays as it is
    plain.model.test_cfg = Config(
        dict(plain.model.test_cfg or {}, mode='whole'))
    return plain


def _first_that_works(graph: LogitGraph, plain: TorchModel, path: Path,
                      shape: tuple[int, int, int], fixed: bool, opset: int,
                      metadata: dict, tolerance: float) -> dict:
    """Write and check the file that leaves as much open as possible."""
    reason = 'it was asked for' if fixed else ''
    other, refusal = _other_shape(plain, shape)
    for dynamic in CHOICES[-1:] if fixed else CHOICES:
        if len(dynamic) == len(AXES) and other is None:
            reason = refusal
            continue
        shapes = [shape]
        if dynamic:
            shapes.append(
                other if len(dynamic) > 1 else (shape[0] + 1, *shape[1:]))
        try:
            write_graph(graph, path, _pictures(shapes[-1]), dynamic, opset,
                        metadata)
            run = open_graph(path)
            result = _compare(plain.logits, run, shapes, tolerance)
        except Exception as error:  # torch and onnxruntime raise all kinds
            if isinstance(error, OSError) and is_of_disk(error):
                error.filename = error.filename or str(path)
                raise
            if not dynamic:
                raise ValueError(
                    'The model cannot be exported: '
                    f'{_first_line(error)}') from error
            reason = reason or _first_line(error)
            continue
        seconds = _least_seconds(plain.logits, run, _pictures(shape))
        return dict(
            dynamic=dynamic, fixed_because=reason, checked=shapes,
            seconds=seconds, threads=torch.get_num_threads(), **result)
    raise AssertionError('the last choice returns or raises')


def _other_shape(plain: TorchModel, shape: tuple[int, int, int]
                 ) -> tuple[Optional[tuple[int, int, int]], str]:
    """Return a second shape that PyTorch itself takes, or why it does not.

    Odd numbers, or multiples of the usual strides.
    """
    batch, height, width = shape
    reason = ''
    for more in ((17, 38), (32, 64)):
        other = (batch + 1, height + more[0], width + more[1])
        try:
            plain.logits(_pictures(other))
        except Exception as error:  # whatever the layer raises
            reason = f'PyTorch refuses other sizes: {_first_line(error)}'
        else:
            return other, ''
    return None, reason


def _compare(expected: Callable, run: Callable,
             shapes: list[tuple[int, int, int]], tolerance: float) -> dict:
    difference = scale = other_classes = pixels = 0
    for shape in shapes:
        batch = _pictures(shape)
        wanted, found = expected(batch), run(batch)
        if found.shape != wanted.shape:
            raise ValueError(f'it returns {found.shape}, PyTorch '
                             f'{wanted.shape}')
        difference = max(difference, float(np.abs(found - wanted).max()))
        scale = max(scale, float(np.abs(wanted).max()))
        other_classes += int((found.argmax(1) != wanted.argmax(1)).sum())
        pixels += found.size // found.shape[1]
    if not difference <= tolerance * scale:  # nan is refused
        raise ValueError(
            f'its logits differ from PyTorch\'s by up to {difference:.3g}, '
            f'more than {tolerance:g} of the largest, {scale:.3g}')
    return dict(difference=difference, scale=scale,
                other_classes=other_classes, pixels=pixels)


def _least_seconds(first: Callable, second: Callable,
                   batch: np.ndarray) -> tuple[float, float]:
    """Time two functions in turn, so that both meet the same disturbances."""
    seconds = ([], [])
    for _ in range(REPEATS):
        for run, times in zip((first, second), seconds):
            start = time.perf_counter()
            run(batch)
            times.append(time.perf_counter() - start)
    return min(seconds[0]), min(seconds[1])


def _pictures(shape: tuple[int, int, int]) -> np.ndarray:
    """Return images of cloudy noise, the same every time."""
    batch, height, width = shape
    random = np.random.default_rng(0)
    clouds = random.integers(0, 256, (batch, 8, 8, 3), np.uint8)
    grain = random.integers(0, 64, (batch, height, width, 3), np.uint8)
    return np.stack([
        cv2.subtract(cv2.resize(cloud, (width, height),
                                interpolation=cv2.INTER_CUBIC), noise)
        for cloud, noise in zip(clouds, grain)
    ])


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return textwrap.shorten(lines[0], 300)
