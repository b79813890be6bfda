"""What a set of images with masks is like, in numbers."""
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Optional

import numpy as np

from mmseg_ext.basics.colours import choose_palette
from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.duplicates import Fingerprint, take_fingerprint
from mmseg_ext.basics.image_files import decode_file, read_size
from mmseg_ext.basics.information_band import find_information_band
from mmseg_ext.basics.intensity import grey_histogram, histogram_moments
from mmseg_ext.basics.listing import name_some
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.sem_files import SEMReading, load_image, load_painted

from .source import Pair, Source, converted_colours
from .thinness import Thinness

STRIDES = (2, 4)  # of U-Net's finest skip, and of SegFormer's and DPT's heads
FEW_BITS = 12  # 16-bit images that fill no more say so with bit_depth
MAX_CLASSES = 64  # beyond it, numbers are most likely no class ids


@dataclass(frozen=True)
class ImageFacts:
    """What is noted of a pair.

    Attributes:
        name: As in :class:`~.source.Pair`.
        height: Rows, without what is cropped.
        width: Columns.
        grey: Whether its channels are equal.
        bits: Bits that its brightest pixel fills; 8 or less for 8-bit files.
        mean: Mean grey level, 0 to 255.
        std: Deviation of the grey levels.
        band: Rows at the bottom that look like an information band.
        pixels: Of each class.
        unlabelled: Pixels without a class.
    """
    name: str
    height: int
    width: int
    grey: bool
    bits: int
    mean: float
    std: float
    band: int
    pixels: tuple[int, ...]
    unlabelled: int


@dataclass(frozen=True)
class SetFacts:
    """What is noted of a set.

    Attributes:
        classes: Names of the classes by id.
        reading: How the files are read, beside the classes: 'info_band' and
            'bit_depth' where they are not None.
        images: Of each pair, in its order.
        thinness: Stride -> what a perfect prediction at that stride keeps,
            IoU of each class, 0 to 1; nan of a class without a pixel.
        prints: To tell which images are nearly the same; not written.
        palette: Colours of the classes; None: masks have SEMDataset's own.
    """
    classes: tuple[str, ...]
    reading: dict
    images: list[ImageFacts]
    thinness: dict[int, list[float]]
    prints: list[Fingerprint]
    palette: Optional[list[list[int]]] = None

    @property
    def pixels(self) -> np.ndarray:
        """(num_images, num_classes) pixels of each class in each image."""
        return np.array([image.pixels for image in self.images])

    def record(self) -> dict:
        """Return what plan.json holds of it."""
        return dict(classes=list(self.classes), reading=self.reading,
                    thinness=self.thinness,
                    images=[asdict(image) for image in self.images])


def take_facts(source: Source,
               show: Callable[[int, int], None] = lambda done, all: None
               ) -> SetFacts:
    """Open every pair of a set of micrographs once and note what it is like.

    Args:
        source: See :func:`~.source.find_source`.
        show: Called with the number of pairs that are done, and of all.

    Raises:
        OSError: If a file cannot be opened.
        ValueError: If a file is unreadable, its mask has another size or
            values that are no classes, or there is one class alone.
    """
    values: set[int] = set()
    classes = source.classes
    if classes is None:
        for pair in source.pairs:
            values.update(_values(pair, source.root))
        classes = _count_classes(values, source)
    reading = dict(_band_option(source.pairs), **_depth_option(source.pairs))
    how = SEMReading(classes, **reading)
    thinness = [Thinness(len(classes), stride) for stride in STRIDES]
    images, prints, painted = [], [], False
    for done, pair in enumerate(source.pairs, 1):
        sample = how.sample(pair.image, pair.mask)
        image = load_image(sample)
        labels, in_colours = load_painted(sample)
        painted |= in_colours
        for measure in thinness:
            measure.add(labels)
        images.append(_look_at(pair, image, labels, len(classes)))
        prints.append(take_fingerprint(image, labels))
        show(done, len(source.pairs))
    facts = SetFacts(
        tuple(classes), reading, images,
        {measure.stride: measure.iou() for measure in thinness}, prints,
        # masks in SEMDataset's colours stay as they are
        None if painted else choose_palette(
            len(classes), converted_colours(source.root, classes)))
    there = facts.pixels.sum(axis=0) > 0
    if there.sum() < 2:
        only = [name for name, is_there in zip(classes, there) if is_there]
        raise ValueError(
            f'The masks of {source.root} hold '
            f'{"one class alone, " + only[0] if only else "no class"}: there '
            'is nothing to tell apart. Were the other phases drawn, and are '
            'they in these masks?')
    return facts


def _values(pair: Pair, root: str) -> np.ndarray:
    """Return the values in a mask whose classes nobody has named."""
    mask = decode_mask(pair.mask)
    if mask.ndim == 3:
        raise ValueError(
            f'{pair.mask} is a picture in colours. Say what they mean: '
            f'{command_for("convert_masks")} {quote_command([root])} OUT '
            'writes class ids, and classes into conversion.json')
    return np.unique(mask)


def _count_classes(values: set[int], source: Source) -> tuple[str, ...]:
    """Name as many classes as there are ids; 255 is no class."""
    ids = {int(value) for value in values} - {255}
    # 0 and 255, or 0, 128 and 255: grey levels that were drawn with
    drawn = 255 in values and 1 not in values and len(values) < 8
    if drawn or not ids or min(ids) < 0 or max(ids) >= MAX_CLASSES:
        some = name_some([str(value) for value in sorted(values)])
        raise ValueError(
            f'The masks of {source.root} hold the values {some}, which are '
            'no class ids 0, 1, 2, ... Say what they mean: '
            f'{command_for("convert_masks")} {quote_command([source.root])} '
            'OUT')
    return tuple(f'class_{i}' for i in range(max(ids) + 1))


def _band_option(pairs: Sequence[Pair]) -> dict:
    """Crop images to their masks where these lack rows."""
    shorter = 0
    for pair in pairs:
        (height, width), (rows, columns) = map(
            read_size, (pair.image, pair.mask))
        shorter += columns == width and rows < height
    return dict(info_band='mask') if shorter else {}


def _depth_option(pairs: Sequence[Pair]) -> dict:
    """Return how many bits count where 16-bit images fill few of them."""
    bits = [int(image.max()).bit_length() for pair in pairs
            if (image := decode_file(pair.image)).dtype == np.uint16]
    if bits and max(bits) <= FEW_BITS:
        return dict(bit_depth=max(8, *bits))
    return {}


def _look_at(pair: Pair, image: np.ndarray, labels: np.ndarray,
             num_classes: int) -> ImageFacts:
    mean, std = histogram_moments(grey_histogram(image))
    counts = np.bincount(labels.ravel(), minlength=256)
    raw = decode_file(pair.image)
    return ImageFacts(
        pair.name, *labels.shape, bool((image == image[..., :1]).all()),
        int(raw.max()).bit_length() if raw.dtype == np.uint16 else 8,
        round(mean, 2), round(std, 2),
        find_information_band(image),
        tuple(int(count) for count in counts[:num_classes]),
        int(counts[num_classes:].sum()))
