"""A segmentor as a file of tools/export.py, run by onnxruntime."""
import os
from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.intensity import MATCH
from mmseg_ext.basics.stand_ins import describe_stand_in

from .graph_metadata import (
    check_channels,
    check_ports,
    read_intensities,
    read_match,
    read_metadata,
)
from .predictor import LogitModel
from .run_record import describe_preparation
from .tiling import Tiling
from .windows import Windows


class OnnxModel(LogitModel):
    """A segmentor that tools/export.py has written, without PyTorch.

    Images are matched to the training's intensities, scaled and cut into
    windows as in testing, if the config does so; everything else, from
    normalization to logits of the image's own size, is in the file. On a GPU
    where onnxruntime has one.

    Args:
        path: File ``*.onnx`` of tools/export.py.
        threads: Threads of the CPU; None: as many as onnxruntime likes.
        providers: Of onnxruntime, the first that can run a part of the
            network does; None: all that are installed.

    Attributes:
        metadata: What tools/export.py has written beside the network.
        windows: Windows in which the config tests; None: whole images.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If onnxruntime is missing.
        ValueError: If onnxruntime cannot read the file, it is not of
            tools/export.py, or its metadata make no sense.
    """

    def __init__(self,
                 path: str,
                 threads: Optional[int] = None,
                 providers: Optional[Sequence[str]] = None) -> None:
        if threads is not None:
            check_at_least(1, threads=threads)
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(
                f'onnxruntime is needed and cannot be imported ({error}). '
                "Install it: pip install 'mmseg_ext[export]', or onnxruntime "
                'alone') from error
        self.weights = str(path)
        with open(path, 'rb') as file:  # its own error is no OSError
            start = file.read(4096)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        # it plans memory anew for each size of images, and keeps every plan's
        options.enable_mem_pattern = False
        options.log_severity_level = 4  # errors are raised, not printed too
        try:
            self.session = onnxruntime.InferenceSession(
                self.weights, options,
                providers=(onnxruntime.get_available_providers()
                           if providers is None else [*providers]))
        except Exception as error:  # its own exceptions share no base class
            known = describe_stand_in(start) or _other_model(self.weights)
            raise ValueError(f'onnxruntime cannot read {path}: '
                             f'{known or error}') from error
        self.metadata = read_metadata(
            self.session.get_modelmeta().custom_metadata_map, self.weights)
        check_ports(self.session.get_inputs(), self.session.get_outputs(),
                    len(self.metadata['classes']), self.weights)
        self.classes = tuple(self.metadata['classes'])
        self.palette = self.metadata['palette']
        self.bit_depth = self.metadata['bit_depth']
        self.crop_bottom = self.metadata['crop_bottom']
        self.resizes = self.metadata['resize'] is not None
        # how logits get back to the image's size
        self.align_corners = (self.metadata['resize'] or {}).pop(
            'align_corners', False)
        self.match = read_match(self.metadata['match'], self.weights)
        self.intensities = read_intensities(
            self.metadata['intensity'], self.weights)
        windows = self.metadata['windows']
        try:
            self.tiling = Tiling(*map(tuple, self.metadata['tiling']))
            self.windows = windows and Windows(
                tuple(windows['size']), tuple(windows['stride']),
                self.metadata['size_divisor'])
        except ValueError as error:
            raise ValueError(f'{path}: its metadata say {error}. Export the '
                             'config and its checkpoint anew') from error
        resize = self.metadata['resize']
        self.details = {
            key: self.metadata[key]
            for key in ('config', 'checkpoint', 'checkpoint_sha256')
        } | describe_preparation(
            [dict(type=name, **step) for name, step in (
                (MATCH, self.metadata['match']),
                ('Resize', resize)) if step], self.windows)
        # a number where the file allows no other, else None
        self.batch, *self.size = (
            length if isinstance(length, int) else None
            for length in self.session.get_inputs()[0].shape[:3])
        if None not in self.size and not self.resizes:
            # every tile of that very size
            overlap = tuple(side // 8 for side in self.size)
            if self.windows:
                overlap = self.tiling.overlap
            else:  # and any larger image in tiles
                self.max_whole = self.size[0] * self.size[1]
            self.tiling = Tiling(tuple(self.size), overlap, align=1)

    def logits(self, batch: np.ndarray) -> np.ndarray:
        """Return the logits of images, see :class:`LogitModel`.

        Raises:
            ValueError: If the file takes images of another size only.
        """
        size = batch.shape[1:3]
        if self.resizes:
            width, height = _scaled(size, **self.metadata['resize'])
            batch = np.stack([cv2.resize(image, (width, height))
                              for image in batch])
        found = (self.windows.logits(self._run, batch) if self.windows else
                 self._run(batch))
        if found.shape[2:] == size:
            return found
        if self.align_corners:
            return _enlarge_by_corners(found, size)
        # half-pixel centres, as PyTorch without align_corners
        return np.stack([
            np.stack([cv2.resize(channel, size[::-1]) for channel in image])
            for image in found
        ])

    def _run(self, batch: np.ndarray) -> np.ndarray:
        """Return the network's logits, in batches of its size."""
        size = batch.shape[1:3]
        if any(wanted not in (None, found)
               for wanted, found in zip(self.size, size)):
            anew = '' if self.windows else ' with --size {} {},'.format(*size)
            raise ValueError(
                f'{self.weights} takes images of {self.size[0]} x '
                f'{self.size[1]} pixels only, and was given {size[0]} x '
                f'{size[1]}. Export it anew{anew} '
                'without --fixed-size if the model allows')
        step = self.batch or len(batch)
        return np.concatenate([
            self._run_batch(batch[first:first + step])
            for first in range(0, len(batch), step)
        ])

    def _run_batch(self, batch: np.ndarray) -> np.ndarray:
        count = len(batch)
        if self.batch is not None and count < self.batch:
            # fill up a fixed batch with its last image
            batch = np.pad(batch, ((0, self.batch - count), *[(0, 0)] * 3),
                           mode='edge')
        found = self.run_network(batch)
        check_channels(found.shape[1], len(self.classes), self.weights)
        return found[:count]

    def run_network(self, batch: np.ndarray) -> np.ndarray:
        """Return what the file itself returns for a batch of its size.

        Args:
            batch: (B, H, W, 3) uint8, scaled and cut already.

        Returns:
            (B, C, H, W) float32.
        """
        try:
            return self.session.run(['logits'], {'image': batch})[0]
        except Exception as error:  # its own exceptions share no base class
            raise RuntimeError(f'onnxruntime: {error}') from error


def _other_model(path: str) -> str:
    """Say what a file is by its suffix; '' if it should be ONNX."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in ('.pth', '.pt', '.py'):
        return ('it is no ONNX file; a config and its checkpoint are given '
                'by --config and --checkpoint')
    if suffix == '.pt2':
        return ('it is a program of torch.export, which other programs '
                'run; export the model as .onnx too')
    return ''


def _enlarge_by_corners(maps: np.ndarray,
                        size: tuple[int, int]) -> np.ndarray:
    """Resize as PyTorch with align_corners: corners stay on corners.

    Shape:
        - maps: (B, C, H, W)
        - output: (B, C, *size)
    """
    for axis, length in zip((2, 3), size):
        before = maps.shape[axis]
        # the first position where there is but one
        place = np.arange(length) * ((before - 1) / max(length - 1, 1))
        low = np.minimum(place.astype(int), before - 1)
        high = np.minimum(low + 1, before - 1)
        part = (place - low).astype(np.float32)
        part = part[:, None] if axis == 2 else part
        maps = (maps.take(low, axis) * (1 - part)
                + maps.take(high, axis) * part)
    return maps


def _scaled(size: tuple[int, int], scale: tuple[int, int],
            keep_ratio: bool) -> tuple[int, int]:
    """Return (width, height) of an image as the config scales it.

    Args:
        size: Its (height, width).
        scale: (width, height); of an image that keeps its ratio, its longer
            and shorter side may be at most the larger and smaller of them.
        keep_ratio: Whether it does.
    """
    if not keep_ratio:
        return tuple(scale)
    factor = min(max(scale) / max(size), min(scale) / min(size))
    height, width = (int(length * factor + 0.5) for length in size)
    return width, height
