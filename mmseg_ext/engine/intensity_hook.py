"""Statistics of the training images' intensities, in every checkpoint."""
from collections.abc import Iterator, Mapping
from typing import Any, Optional

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from mmseg_ext.basics.image_files import decode_file
from mmseg_ext.basics.intensity_statistics import (
    IntensityCollector,
    IntensityStatistics,
)

KEY = 'intensity'  # in the meta of a checkpoint
COUNT = 200  # images at most
# Before anything that changes images by chance.
LOADING = ('Load', 'CropBottom', 'MatchIntensity')


class IntensityHook(Hook):
    """Keep how bright and how rich in contrast the training images are.

    Predictions tell by it which images are of another kind, and
    ``tools/adapt.py`` makes them of this one. The images are drawn evenly,
    read once before the first step, and no random number is.
    """

    def __init__(self) -> None:
        self._found: Optional[IntensityStatistics] = None

    def before_train(self, runner) -> None:
        if not is_main_process():  # it alone saves
            return
        self._found = training_intensities(runner.train_dataloader.dataset)
        if self._found is not None:
            runner.logger.info(
                f'Grey levels of {self._found.images} of '
                f'{self._found.total} training images, evenly drawn: '
                f'{self._found.describe()}')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        if self._found is not None:
            checkpoint.setdefault('meta', {})[KEY] = self._found.record()


def training_intensities(dataset: Any, count: int = COUNT
                         ) -> Optional[IntensityStatistics]:
    """Return the intensities of a data set after loading, if it has images.

    Information bands are cut off by then, and pixels without a label do not
    count, unless no pixel of the image has one.

    Args:
        dataset: Data set, also within wrappers; its pipeline is not run
            beyond loading.
        count: Number of images at most, evenly drawn.
    """
    parts = list(_parts(dataset))
    places = [(part, i) for part in parts for i in range(len(part))]
    number = min(count, len(places))
    collector, seen = IntensityCollector(), 0
    for place in range(number):
        part, i = places[(2 * place + 1) * len(places) // (2 * number)]
        try:
            sample = _loaded(part, i)
        except Exception:  # the training reads it too, and says what is wrong
            continue
        if sample is not None:
            _add(collector, part, sample, not seen)
            seen += 1
    return collector.statistics(len(places)) if seen else None


def saved_intensities(meta: Any, path: str) -> Optional[IntensityStatistics]:
    """Return what a checkpoint says of its training images, if it does.

    Args:
        meta: Of the checkpoint.
        path: Its file, for errors.

    Raises:
        ValueError: If it is not as :class:`IntensityHook` writes it.
    """
    found = meta.get(KEY) if isinstance(meta, Mapping) else None
    return None if found is None else IntensityStatistics.read(found, path)


def _parts(dataset: Any) -> Iterator[Any]:
    """Yield the data sets that list images, out of wrappers."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    if inner is not None:
        for each in inner:
            yield from _parts(each)
    elif hasattr(dataset, 'get_data_info') and hasattr(
            getattr(dataset, 'pipeline', None), 'transforms'):
        yield dataset


def _loaded(part: Any, index: int) -> Optional[dict]:
    """Return a sample with its image and, if there is one, its mask."""
    sample = part.get_data_info(index)
    for step in part.pipeline.transforms:
        if not type(step).__name__.startswith(LOADING):
            break
        sample = step(sample)
        if sample is None:
            return None
    image = sample.get('img')
    return (sample if isinstance(image, np.ndarray) and image.ndim == 3
            and image.shape[2] == 3 else None)


def _add(collector: IntensityCollector, part: Any, sample: dict,
         first: bool) -> None:
    image = sample['img']
    if image.dtype != np.uint8:  # what a loader turned to float
        image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    labels = sample.get('gt_seg_map')
    valid = (None if labels is None or labels.shape != image.shape[:2] else
             labels != getattr(part, 'ignore_index', 255))
    # the files of a set are of one kind, and decoding takes time
    bits = _bits(sample.get('img_path')) if first else 8
    collector.add(image, valid, bits)


def _bits(path: Optional[str]) -> int:
    try:
        return 8 * decode_file(path).dtype.itemsize
    except (OSError, TypeError, ValueError):  # not on this machine's disk
        return 8
