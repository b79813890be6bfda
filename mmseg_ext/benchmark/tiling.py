"""Time and memory of tiled prediction against mmseg's own windows."""
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.basics.available_memory import available_memory
from mmseg_ext.engine import load_config
from mmseg_ext.engine.timing import seconds
from mmseg_ext.inference import Tiling, TorchModel, predict

from .measure import run_with_peak

OURS, STOCK = WAYS = ('ours', 'stock')
# mmseg's windows hold the sum, one padded window, the mean and its resized
# copy, each of the whole image, in float32.
STOCK_COPIES = 4


@dataclass(frozen=True)
class TilingCost:
    """What an image of some size cost.

    Attributes:
        way: 'ours' or 'stock', mmseg's ``test_cfg.mode='slide'``.
        side: Of the square image, in pixels.
        tiles: Number of tiles.
        seconds: Of the prediction; None: it was not tried, or failed.
        gigabytes: Peak memory: all of the process on a CPU, what was
            allocated on a GPU.
    """
    way: str
    side: int
    tiles: int
    seconds: Optional[float] = None
    gigabytes: Optional[float] = None


def compare_tiling(
        config: str,
        sides: Sequence[int] = (1000, 2000, 4000, 8000, 12000),
        tile: int = 1024,
        overlap: int = 128,
        ways: Sequence[str] = WAYS) -> Iterator[TilingCost]:
    """Measure both ways, each image in a process of its own.

    Weights are random. mmseg's way is not tried where its logits alone do
    not fit into the memory that is free.

    Args:
        config: File of a config that does not scale images.
        sides: Of the square images, in pixels.
        tile: Side of the tiles and of mmseg's windows, in pixels.
        overlap: Of both, in pixels.
        ways: Of ``WAYS``.

    Raises:
        ValueError: If the config scales images, or the tiles are not
            possible.
    """
    tiling = Tiling((tile, tile), (overlap, overlap))
    with tempfile.TemporaryDirectory() as folder:
        weights = str(Path(folder) / 'weights.pth')
        num_classes = _write_weights(config, weights)
        for side in sides:
            for way in ways:
                cost = TilingCost(way, side, tiling.count(side, side))
                need = 4 * STOCK_COPIES * num_classes * side**2
                if way == STOCK and need > _available_bytes():
                    yield cost
                    continue
                found = _in_own_process(config, weights, way, side, tiling)
                yield TilingCost(way, side, cost.tiles, *found)


def _write_weights(config: str, path: str) -> int:
    """Write random weights, and return the number of classes."""
    cfg = load_config(config, from_scratch=True)
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    torch.save(model.state_dict(), path)
    found = TorchModel(cfg, path)
    if found.resizes:
        raise ValueError(f'{config} scales images to one size: neither tiles '
                         'nor windows are of use to it')
    return len(found.classes)


def _available_bytes() -> float:
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0]
    return available_memory()


def _prepare(config: str, weights: str, way: str, side: int,
             tiling: Tiling) -> Callable[[], object]:
    """Return what predicts an image; it has predicted a small one."""
    model = TorchModel(config, weights)
    image = np.random.default_rng(0).integers(
        0, 256, (side, side, 3), np.uint8)
    predict(model, image[:tiling.tile[0], :tiling.tile[1]], whole=True)
    if way == OURS:
        return lambda: predict(model, image, tiling)
    model.model.test_cfg = ConfigDict(
        mode='slide', crop_size=tiling.tile,
        stride=tuple(np.subtract(tiling.tile, tiling.overlap).tolist()))
    sample = model.prepare(image)

    @torch.no_grad()
    def work():
        result, = model.model.test_step(pseudo_collate([sample]))
        return result.pred_sem_seg.data.cpu()
    return work


def _measure(pipe, *args) -> None:
    work, times = _prepare(*args), []
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    _, peak = run_with_peak(lambda: times.append(seconds(work)), device)
    pipe.send((times[0], peak / 2**30))


def _in_own_process(*args) -> tuple:
    """Return seconds and gigabytes; nothing if the process was killed."""
    context = get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sender, *args))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        return ()
    finally:
        process.join()
