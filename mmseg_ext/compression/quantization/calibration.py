"""What a file's network is shown of images, as predictions show it."""
from collections.abc import Callable, Sequence

import numpy as np

from mmseg_ext.inference import OnnxModel, predict
from mmseg_ext.inference.preparation import Preparation

from .comparison import Sample


def spread(length: int, count: int) -> list[int]:
    """Return up to so many numbers below ``length``, evenly spread."""
    count = min(length, count)
    return [(2 * i + 1) * length // (2 * count) for i in range(count)]


def hold_back(samples: Sequence[Sample],
              count: int) -> tuple[list[Sample], list[Sample]]:
    """Return images to calibrate with, and others to compare on.

    Args:
        samples: Images.
        count: Number to calibrate with; fewer if there are not as many
            again. As many at most are compared. A single image is both.
    """
    count = min(count, len(samples) // 2) or 1
    chosen = set(spread(len(samples), count))
    first = [samples[i] for i in sorted(chosen)]
    others = [sample for i, sample in enumerate(samples) if i not in chosen]
    return first, [others[i] for i in spread(len(others), count)] or first


def collect_batches(path: str, samples: Sequence[Sample], count: int,
                    preparation: Preparation,
                    progress: Callable[[str], None] = lambda line: None
                    ) -> list[np.ndarray]:
    """Return what the network of a file is given when images are predicted.

    Scaled, cut into tiles or windows and filled up as
    :func:`~mmseg_ext.inference.predict` does it.

    Args:
        path: File of tools/export.py.
        samples: Images.
        count: Number of batches at most; of more images as many are taken,
            spread over them, and of fewer several tiles or windows each.
        preparation: How images are read.
        progress: Called with a line that says how far it is.

    Returns:
        Each (B, H, W, 3) uint8.

    Raises:
        ValueError: If a file is no image, or all images are of one value.
    """
    seer = _Seer(path, 1, ['CPUExecutionProvider'])
    chosen = [samples[i] for i in spread(len(samples), count)]
    batches: list[np.ndarray] = []
    for i, sample in enumerate(chosen):
        progress(f'{i} of {len(chosen)} images read')
        image, _ = sample.read(preparation)
        seer.seen.clear()
        predict(seer, image)
        left = -(-(count - len(batches)) // (len(chosen) - i))
        # another place of the image each time
        batches += [seer.seen[(place + i) % len(seer.seen)]
                    for place in spread(len(seer.seen), left)]
    varied = [batch for batch in batches if batch.min() != batch.max()]
    if not varied:
        raise ValueError(
            f'All pixels of {chosen[0].path} have one value, and so in all '
            'images for calibration: they would clip what real images bring. '
            'Name images such as the model was trained with')
    return varied


class _Seer(OnnxModel):
    """Notes what its network is given, and does not run it."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.seen: list[np.ndarray] = []

    def run_network(self, batch: np.ndarray) -> np.ndarray:
        self.seen.append(batch)
        return np.zeros((len(batch), len(self.classes), *batch.shape[1:3]),
                        np.float32)
