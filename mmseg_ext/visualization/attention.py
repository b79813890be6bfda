"""What each DeformablePSA of a trained model does to a picture."""
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mmseg_ext.datasets.picture import load_picture
from mmseg_ext.models.backbones.plugin_backbone import PluginLayers, matches
from mmseg_ext.models.plugins.deformable_psa import KERNEL, DeformablePSA

INSERT = ("insert it in a ResNet-50 with plugins=[dict(cfg=dict(type="
          "'DeformablePSA'), position='after_conv2')], in any other backbone "
          'by PluginBackbone')


@dataclass(frozen=True)
class LayerAttention:
    """Attention map and offsets of one layer, and their place in a picture.

    A map's cell covers the block of pixels to which resizing the map with
    ``align_corners=False`` would spread it. Picture coordinates are (x, y)
    with whole numbers in the middle of pixels.

    Attributes:
        name: The module the layer runs after, as ``PluginBackbone`` calls
            it; of a layer built into the backbone, its own name.
        map: (H, W), mean over the channels where each has a map.
        channels: Channels of the map, 1 with ``product='matmul'``.
        gain: Upper end of the map's range, 1 or 2. With 2 the features
            start as they are, times 1.
        offsets: 'query' and 'value' -> (9, 2, H, W), shift (dy, dx) of each
            tap in cells, the taps row by row.
        cell: (height, width) of a cell in pixels of the picture.
        corner: (y, x) of the map's upper left corner in the picture, in
            pixels from the picture's own.
    """
    name: str
    map: np.ndarray
    channels: int
    gain: int
    offsets: dict[str, np.ndarray]
    cell: tuple[float, float]
    corner: tuple[float, float]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, lower and upper edge of the map in the picture."""
        (height, width), (top, left) = self.cell, self.corner
        rows, columns = self.map.shape
        return (left - 0.5, left + columns * width - 0.5,
                top + rows * height - 0.5, top - 0.5)

    def cell_at(self, point: tuple[float, float]) -> tuple[int, int]:
        """Return (row, column) of the cell that covers a point (x, y)."""
        row, column = (
            int((value + 0.5 - start) // size)
            for value, start, size in zip(point[::-1], self.corner, self.cell))
        return row, column

    def taps(self, row: int, column: int) -> dict[str, np.ndarray]:
        """Return where the taps of an output cell read.

        Returns:
            'regular', 'query' and 'value' -> (9, 2), (x, y) in the picture,
            the taps row by row; 'regular' is without offsets.
        """
        steps = np.arange(KERNEL) - KERNEL // 2
        # (9, 2), rows and columns
        regular = np.stack(
            np.meshgrid(row + steps, column + steps, indexing='ij'),
            axis=-1).reshape(-1, 2)
        places = dict(regular=regular)
        for kind, offset in self.offsets.items():
            places[kind] = regular + offset[:, :, row, column]
        return {
            kind: ((cells + 0.5) * self.cell + self.corner - 0.5)[:, ::-1]
            for kind, cells in places.items()
        }


def record_attention(
        model: nn.Module, dataset: dict,
        path: str) -> tuple[np.ndarray, list[LayerAttention]]:
    """Run a model on a picture and record every DeformablePSA that it runs.

    The network sees the whole picture, resized and padded as in testing
    (sliding windows, if the config has them, are left out). What it sees is
    laid over the picture as mmseg lays predictions: the padding is cut off,
    and the rest stretched to the picture's size. Of a layer that runs
    several times, the last time counts.

    Args:
        model: Segmentor, in evaluation mode.
        dataset: Config of the data set, whose pipeline loads the picture.
        path: File of the picture.

    Returns:
        The picture, (H, W, 3) or (H, W), channels blue, green, red, and
        its layers in the order of the backbone and neck.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no image, or the model runs no
            DeformablePSA.
    """
    picture, packed = load_picture(dataset, path)
    data = model.data_preprocessor(
        dict(
            inputs=[packed['inputs']],
            data_samples=[packed['data_samples']]))
    inputs, (sample, ) = data['inputs'], data['data_samples']

    names, recorded = _names(model), {}

    def record(module: DeformablePSA, args: tuple, output) -> None:
        recorded[names[module]] = module, module.attention(args[0])

    hooks = [layer.register_forward_hook(record) for layer in names]
    try:
        with torch.no_grad():
            model.extract_feat(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if not recorded:
        raise ValueError('The backbone and neck of this config have no '
                         f'DeformablePSA to draw: {INSERT}')

    left, right, top, bottom = sample.metainfo.get('img_padding_size',
                                                   (0, 0, 0, 0))
    seen = np.array(inputs.shape[2:])
    # pixels of the picture for one of the input, (y, x)
    scale = np.array(picture.shape[:2]) / (seen - (top + bottom, left + right))
    layers = []
    for name, (module, parts) in recorded.items():
        if not all(part.isfinite().all() for part in parts):
            raise ValueError(f'{name} returns NaN or infinity for {path}: '
                             'did the training diverge?')
        size = parts.map.shape[2:]
        offsets = dict(query=parts.query_offset, value=parts.value_offset)
        layers.append(
            LayerAttention(
                name=name,
                map=parts.map[0].mean(dim=0).cpu().numpy(),
                channels=parts.map.shape[1],
                gain=module.gain,
                offsets={
                    # (18, H, W) -> (9, 2, H, W)
                    kind: offset[0].unflatten(0, (-1, 2)).cpu().numpy()
                    for kind, offset in offsets.items()
                },
                cell=tuple(seen / size * scale),
                corner=tuple(-scale * (top, left))))
    return picture, layers


def _names(model: nn.Module) -> dict[DeformablePSA, str]:
    """Name the layers as a reader of the config knows them."""
    names = {
        module: name
        for name, module in model.named_modules()
        if isinstance(module, DeformablePSA)
    }
    for path, module in model.named_modules():
        if isinstance(module, PluginLayers):
            backbone = path.rpartition('.')[0]
            for name, hook in module.hooks.items():
                if hook.layer in names:
                    names[hook.layer] = f'{backbone}.{name}'
    return {
        layer: name.removeprefix('backbone.')
        for layer, name in names.items()
    }


def select_layers(
        layers: Sequence[LayerAttention],
        patterns: Sequence[str] = ()) -> list[LayerAttention]:
    """Pick the layers that patterns match, or the last one of each stage.

    A stage is what the names have in common up to their first number:
    'layer3' of 'layer3.1.bn1', 'encoder.3' of 'encoder.3.1.convs.1'.

    Args:
        layers: All layers, in the backbone's order.
        patterns: Of names; *, ? and [...] match inside one part of the
            name, as in ``PluginBackbone``.

    Raises:
        ValueError: If a pattern matches no layer.
    """
    names = [layer.name for layer in layers]
    for pattern in patterns:
        if not any(matches(name, pattern) for name in names):
            near = difflib.get_close_matches(pattern, names, 5, cutoff=0.4)
            raise ValueError(
                f'{pattern!r} matches none of the {len(names)} DeformablePSA '
                '(* does not cross a dot); near names: '
                f"{', '.join(near or names[:5])}")
    if patterns:
        return [
            layer for layer in layers
            if any(matches(layer.name, pattern) for pattern in patterns)
        ]
    last = {re.match(r'\D*\d*', layer.name)[0]: layer for layer in layers}
    return list(last.values())
