"""What is decided for a set of micrographs, and why."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmseg_ext.basics.printable import counted

from .fingerprint import SetFacts
from .parts import BEGINNING, Parts
from .source import Source

SIDE = dict(cpu=256, cuda=512)  # pixels a side of a crop
STRIDE = 32  # of the encoders' coarsest map
BATCH = dict(cpu=4, cuda=8)
# Mean IoU of the ground truth at stride 4 below which a decoder of full
# resolution is worth its time, 1.4 to 1.5 times that of one at stride 4. After
# 300 steps, one seed: with 0.71 (MetalDAM at half its size) it was 7 IoU ahead
# on both large phases; with 0.85 (MetalDAM) they were level.
COARSE_ENOUGH = 0.8
RARE = 0.05  # fraction of the pixels below which a class is looked for
LARGE = 4_000_000  # pixels above which an image is predicted in tiles
TILE, TILE_STRIDE = (1024, 1024), (768, 768)


@dataclass(frozen=True)
class Choice:
    """A decision.

    Attributes:
        name: What was decided.
        value: How.
        reason: Why, in a sentence without a full stop.
    """
    name: str
    value: Any
    reason: str


def choose(source: Source, facts: SetFacts, parts: Parts,
           device: str) -> list[Choice]:
    """Decide what depends on the data alone.

    Args:
        source: The set.
        facts: What it is like.
        parts: Which images train and validate.
        device: 'cpu' or 'cuda'.
    """
    train = np.array([of == 'train' for of in parts.of])
    return [
        _classes(source, facts),
        Choice('parts', {part: parts.of.count(part) for part in (
            'train', 'val', 'test') if part in parts.of},
            '; '.join([parts.reason, *_cautions(facts)])),
        *_reading(source, facts),
        _crop(facts, device),
        _crops_of(facts, train),
        _photometric(facts),
        Choice('batch', BATCH[device], 'crops a step'),
        _testing(facts),
    ]


def choose_model(facts: SetFacts) -> Choice:
    """Choose between a decoder of full resolution and one at stride 4."""
    kept = float(np.nanmean(facts.thinness[4]))
    if kept < COARSE_ENOUGH:
        thin = int(np.nanargmin(facts.thinness[4]))
        return Choice(
            'model', 'unet', 'a decoder of full resolution: at stride 4 even '
            f'a perfect prediction keeps {100 * kept:.0f} % mIoU, and '
            f'{100 * facts.thinness[4][thin]:.0f} % of '
            f'{facts.classes[thin]}')
    return Choice('model', 'segformer', 'a decoder at stride 4, which takes '
                  f'two thirds of the time of a full one and could keep '
                  f'{100 * kept:.0f} % mIoU')


def _classes(source: Source, facts: SetFacts) -> Choice:
    return Choice('classes', facts.classes, (
        f'named in {source.named_by}' if source.named_by == 'conversion.json'
        else 'named by --classes' if source.named_by else
        'the ids in the masks; name them with --classes'))


def _cautions(facts: SetFacts) -> list[str]:
    """Say what the images are too few for."""
    count, cautions = len(facts.images), []
    if count < BEGINNING:
        cautions.append(counted(count, 'image says', 'images say')
                        + ' little about others: '
                        f'{BEGINNING} are a beginning')
    once = np.count_nonzero(facts.pixels, axis=0) == 1
    names = [name for name, alone in zip(facts.classes, once) if alone]
    if names:
        cautions.append(
            f'{", ".join(names)} in one image alone can be learned or judged, '
            'not both: draw more of it')
    return cautions


def _reading(source: Source, facts: SetFacts) -> list[Choice]:
    choices = []
    if 'info_band' in facts.reading:
        choices.append(Choice('info_band', 'mask', 'masks are shorter than '
                              'their images by the information band'))
    if 'bit_depth' in facts.reading:
        bits = facts.reading['bit_depth']
        choices.append(Choice('bit_depth', bits, 'the brightest pixel of all '
                              f'16-bit images fills {bits} bits'))
    return choices


def _crop(facts: SetFacts, device: str) -> Choice:
    """Choose a square, which can be turned, of whole strides."""
    shorter = [min(image.height, image.width) for image in facts.images]
    side = min(SIDE[device], max(shorter))
    side = max(side // STRIDE * STRIDE, STRIDE)
    height, width = (max(getattr(image, name) for image in facts.images)
                     for name in ('height', 'width'))
    small = sum(length < side for length in shorter)
    return Choice('crop', side, 'pixels a side, at the files\' resolution, of '
                  f'images up to {width} x {height} (width x height)' + (
                      f'; {small} smaller ones are padded' if small else ''))


def _crops_of(facts: SetFacts, train: np.ndarray) -> Choice:
    """Look for classes that random crops seldom show."""
    pixels = facts.pixels[train]
    fractions = pixels.sum(axis=0) / pixels.sum()
    rare = np.flatnonzero((fractions > 0) & (fractions < RARE))
    if not len(rare):
        return Choice('crops', 'random', 'every class has '
                      f'{100 * RARE:.0f} % of the pixels at least')
    name = int(rare[np.argmin(fractions[rare])])
    return Choice('crops', 'rare', f'half of them hold a rare class: '
                  f'{facts.classes[name]} has {100 * fractions[name]:.2g} % '
                  f'of the pixels, in {np.count_nonzero(pixels[:, name])} of '
                  f'{len(pixels)} images')


def _photometric(facts: SetFacts) -> Choice:
    """Vary brightness by what it varies by in the set."""
    spread = float(np.std([image.mean for image in facts.images]))
    ratio = float(np.std([np.log(max(image.std, 1e-3))
                          for image in facts.images]))
    brightness = round(float(np.clip(2 * spread / 255, 0.04, 0.2)), 2)
    contrast = round(float(np.clip(np.exp(2 * ratio), 1.1, 1.5)), 2)
    return Choice(
        'photometric', dict(brightness=brightness, contrast=contrast),
        'twice the deviation between the images\' means, which is '
        f'{spread:.0f} of 255 grey levels, and between their contrasts')


def _testing(facts: SetFacts) -> Choice:
    largest = max(image.height * image.width for image in facts.images)
    if largest > LARGE:
        return Choice('prediction', 'slide', f'in tiles of {TILE[0]} pixels a '
                      f'side: the largest image has {largest / 1e6:.0f} '
                      'megapixels')
    return Choice('prediction', 'whole', 'of whole images')


def predict_in_windows(choices: Sequence[Choice],
                       facts: SetFacts) -> list[Choice]:
    """Return choices of a model that predicts windows as large as its crops.

    Images that are no larger than a crop stay whole.
    """
    side = value_of(choices, 'crop')
    largest = max(max(image.height, image.width) for image in facts.images)
    if largest <= side:
        return [*choices]
    return [*(choice for choice in choices if choice.name != 'prediction'),
            *in_windows((side, side))]


def in_windows(size: tuple[int, int]) -> list[Choice]:
    """Return choices of a model that predicts windows of its crops' size.

    Args:
        size: (height, width) of the crops in pixels.
    """
    # a quarter is seen twice
    stride = tuple(side * 3 // 4 for side in size)
    return [
        Choice('tile', (size, stride), 'height and width in pixels, and from '
               'one to the next'),
        Choice('prediction', 'slide', 'in windows of the crops\' size: the '
               'model learns an embedding for each position in them')]


def value_of(choices: Sequence[Choice], name: str, default: Any = None) -> Any:
    """Return what was chosen for a name."""
    return next((choice.value for choice in choices if choice.name == name),
                default)
