"""Synthetic electron micrographs of additively manufactured steel.

The three phases share their grey levels and differ only in the size, the
elongation and the arrangement of their grains, so that a network has to look
at the surroundings of a pixel to tell its class.
"""
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import cKDTree
from scipy.special import ndtri

from mmseg_ext.basics.arguments import check_at_least

from ._rendering import bend, distance, smooth_noise
from ._staging import child_seed, write_set

CLASSES = ('A', 'B', 'C')
CELLS, COLUMNS, ISLANDS = range(3)
SPLITS = ('train', 'val', 'target', 'test')  # the seed of each is its place

ALWAYS = SPLITS[:2]  # written, if empty
# Pixels, by phase: (length, width) of a grain, half-width of its boundary.
# Coarse grains have thicker boundaries, because with equal ones the fraction
# of bright pixels alone would tell the phases apart.
GRAIN_SHAPE = np.array([(10, 10), (70, 9.5), (55, 55)])
BOUNDARY = np.array([1.1, 1.2, 2.6])
LOBE_PITCH = 160  # pixels between the regions that one phase fills
COARSE = 4  # pixels; lobes need no finer outline, grains refine it
MIN_SIDE = 64


@dataclass(frozen=True)
class Microscope:
    """What a microscope and its settings make of the same section.

    Attributes:
        blur: Standard deviation of its beam in pixels.
        dose: Electrons per grey level, as a multiple of the usual.
        contrast: Factor of the grey levels of its detector.
        brightness: Grey levels that are added then.
    """
    blur: float = 0.5
    dose: float = 1.0
    contrast: float = 1.0
    brightness: float = 0.0


USUAL = Microscope()
OTHER = Microscope(blur=1.2, dose=0.3, contrast=0.55, brightness=-10)


def render_sem(seed: int,
               size: tuple[int, int] = (480, 640),
               band: int = 32,
               microscope: Microscope = USUAL
               ) -> tuple[np.ndarray, np.ndarray]:
    """Render one micrograph and its phase mask, the same for the same seed.

    Args:
        seed: Seed of the image, 0 or more.
        size: Height and width of the mask in pixels, 64 or more each.
        band: Height in pixels of the information band below the field of
            view, which the mask does not cover; 0 leaves it out.
        microscope: How the section is seen.

    Returns:
        Image of shape (H + band, W), uint8 grey levels, and mask of shape
        (H, W), uint8 ids into ``CLASSES``.

    Raises:
        ValueError: If an argument is out of its range.
    """
    _check(seed, size, band)
    rng = np.random.default_rng(seed)
    mask, grains = _grow(rng, tuple(size))
    field = _expose(rng, _relief(rng, mask, grains), microscope)
    return np.concatenate([field, _info_band(rng, band, size[1])]), mask


def write_sem_sample(
        root: str | os.PathLike,
        num_train: int = 24,
        num_val: int = 8,
        size: tuple[int, int] = (480, 640),
        band: int = 32,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
        num_target: int = 0,
        num_test: int = 0) -> Path:
    """Write a data set to ``images|masks/train|val/NAME.png`` in ``root``.

    With images of another microscope, ``target`` and ``test`` beside them:
    their contrast is lower, and they are darker, noisier and less sharp.
    Image k of a split depends on ``seed`` and k only, not on the counts.
    A run that is interrupted while it renders leaves ``root`` empty.

    Args:
        root: Directory to write to; made if it is missing.
        num_train: Number of training images, 0 or more.
        num_val: Number of validation images, 0 or more.
        size: Height and width of the masks in pixels, 64 or more each.
        band: Height in pixels of the information band that the images, but
            not the masks, have at the bottom.
        seed: Seed of the data set, 0 or more.
        progress: Called with (images done, images in all) after each image.
        num_target: Number of training images of another microscope, of which
            a model is not to see the masks, 0 or more.
        num_test: Number of test images of that microscope, 0 or more.

    Returns:
        ``root`` as a path.

    Raises:
        FileExistsError: If ``root`` already holds images or masks.
        ValueError: If an argument is out of its range.
    """
    _check(seed, size, band)
    check_at_least(0, num_train=num_train, num_val=num_val,
                   num_target=num_target, num_test=num_test)
    counts = dict(zip(SPLITS, (num_train, num_val, num_target, num_test)))
    jobs = [(split, k) for split in SPLITS for k in range(counts[split])]

    def render(job: tuple[str, int]) -> dict[str, np.ndarray]:
        split, k = job
        picture_seed = child_seed(seed, SPLITS.index(split), k)
        image, mask = render_sem(
            picture_seed, size, band,
            USUAL if split in ALWAYS else OTHER)
        name = f'{split}/{split}_{k:03d}.png'
        return {f'images/{name}': image, f'masks/{name}': mask}

    folders = [f'{kind}/{split}' for kind in ('images', 'masks')
               for split in SPLITS if split in ALWAYS or counts[split]]
    return write_set(root, folders, jobs, render, progress)


def _check(seed: int, size: tuple[int, int], band: int) -> None:
    check_at_least(0, seed=seed, band=band)
    if len(size) != 2 or min(size) < MIN_SIDE:
        raise ValueError(f'size={size}: must be (height, width) of '
                         f'{MIN_SIDE} pixels or more each')


def _lattice(rng: np.random.Generator, size: tuple[int, int],
             step: np.ndarray, angle: float) -> np.ndarray:
    """Return (N, 2) jittered grain centres (x, y) that cover the image."""
    reach = np.hypot(*size) / 2 + max(step)
    cols, rows = (int(np.ceil(2 * reach / side)) for side in step)
    # (cols, rows) -> (cols * rows, 2), with every row shifted on its own so
    # that the grains do not line up.
    spots = np.stack(np.meshgrid(np.arange(cols), np.arange(rows)), -1)
    spots = spots + rng.uniform(-0.36, 0.36, spots.shape)
    spots[..., 0] += rng.uniform(0, 1, (rows, 1))
    spots = spots.reshape(-1, 2) * step - reach
    turn = np.array([[np.cos(angle), np.sin(angle)],
                     [-np.sin(angle), np.cos(angle)]])
    return spots @ turn + np.array(size[::-1]) / 2


def _nearest(points: np.ndarray, queries: np.ndarray,
             step: np.ndarray, angle: float) -> np.ndarray:
    """Return the index of the point nearest to each query, in units of step.

    Measuring along and across the grain in its own length and width turns
    equiaxed Voronoi cells into columns.
    """
    frame = np.array([[np.cos(angle), -np.sin(angle)],
                      [np.sin(angle), np.cos(angle)]]) / step
    return cKDTree(points @ frame).query(queries @ frame)[1]


def _sow(rng: np.random.Generator,
         size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return (L, 2) centres (x, y) of the lobes and their (L,) phases."""
    # Two by two at least, so that small images show all phases, too.
    rows, cols = (max(2, round(side / LOBE_PITCH)) for side in size)
    seeds = np.stack(np.meshgrid(np.arange(cols), np.arange(rows)), -1) + 0.5
    seeds = (seeds + rng.uniform(-0.4, 0.4, seeds.shape)).reshape(-1, 2)
    phases = rng.choice(3, len(seeds), p=rng.dirichlet((2, 2, 2)))
    phases[rng.permutation(len(seeds))[:3]] = (CELLS, COLUMNS, ISLANDS)
    return seeds * np.array(size[::-1]) / (cols, rows), phases


def _stages(phases: np.ndarray) -> list[np.ndarray]:
    """Group the lobes that share a lattice, the coarsest phase first."""
    stages = [np.flatnonzero(phases == ISLANDS)]
    # Every lobe of columns has a direction of its own.
    stages += list(np.flatnonzero(phases == COLUMNS)[:, None])
    stages += [np.flatnonzero(phases == CELLS)]
    return [lobes for lobes in stages if len(lobes)]


def _grow(rng: np.random.Generator,
          size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the (H, W) phase mask and the (H, W) grain ids.

    A grain belongs to a lobe as a whole, so that phases meet at grain
    boundaries.
    """
    seeds, phases = _sow(rng, size)
    zoom = rng.uniform(0.9, 1.15)
    pixels = np.stack(np.indices(size, np.float32)[::-1], axis=-1)
    lobe_pixels = (pixels + bend(rng, size, 60, 14))[::COARSE, ::COARSE]
    grain_pixels = pixels + bend(rng, size, 18, 1.6)
    grain_pixels += bend(rng, size, 45, 3)

    mask = np.zeros(size, np.uint8)
    grains = np.full(size, -1, np.int32)
    first_id = 0
    left = np.arange(len(seeds))
    for lobes in _stages(phases):
        phase = phases[lobes[0]]
        step, angle = zoom * GRAIN_SHAPE[phase], rng.uniform(0, np.pi)
        centres = _lattice(rng, size, step, angle)
        # Only lobes not yet grown compete for what the others left over.
        owner = left[cKDTree(seeds[left]).query(lobe_pixels)[1]]
        outside = ~np.isin(owner, lobes)
        left = np.setdiff1d(left, lobes)
        if not len(left):
            outside[:] = False

        # Searching beyond the reach of the lobe's grains would waste time.
        near = distance(outside) * COARSE < 0.7 * max(step)
        near = cv2.resize(near.astype(np.uint8), size[::-1],
                          interpolation=cv2.INTER_NEAREST)
        free = np.flatnonzero((grains < 0) & (near > 0))
        # (H, W, 2) -> (M, 2) -> (M,)
        index = _nearest(centres, grain_pixels.reshape(-1, 2)[free], step,
                         angle)
        last = np.array(outside.shape[::-1]) - 1
        x, y = (centres / COARSE).astype(int).clip(0, last).T
        joins = ~outside[y, x][index]
        mask.flat[free[joins]] = phase
        grains.flat[free[joins]] = first_id + index[joins]
        first_id += len(centres)
    return mask, grains


def _relief(rng: np.random.Generator, mask: np.ndarray,
            grains: np.ndarray) -> np.ndarray:
    """Return the (H, W) noise-free grey levels, 0-255, alike in all phases."""
    size = mask.shape
    edges = np.zeros(size, bool)
    edges[:, 1:] |= grains[:, 1:] != grains[:, :-1]
    edges[1:] |= grains[1:] != grains[:-1]
    depth = distance(~edges)
    half_width = BOUNDARY[mask] * np.exp(0.25 * smooth_noise(rng, size, 9))
    walls = np.exp(-(depth / half_width)**2)

    tone = rng.standard_normal(grains.max() + 1)[grains]
    texture = smooth_noise(rng, size, 2.5)
    signal = walls + 0.09 * tone + 0.05 * texture
    signal += 0.9 * _precipitates(rng, size) * (1 - walls) * (depth > 3)
    signal = cv2.GaussianBlur(signal.astype(np.float32), (0, 0), 0.7)
    return _share_levels(rng, signal, mask)


def _precipitates(rng: np.random.Generator,
                  size: tuple[int, int]) -> np.ndarray:
    """Return (H, W) short bright rods, 0-1, that decorate grain interiors."""
    density = 0.012 * np.exp(0.7 * smooth_noise(rng, size, 40))
    dots = (rng.random(size) < density).astype(np.float32)
    rods = np.zeros(size, np.float32)
    for angle in rng.uniform(0, np.pi, 2):
        y, x = np.mgrid[-5:6, -5:6]
        along = x * np.cos(angle) + y * np.sin(angle)
        across = y * np.cos(angle) - x * np.sin(angle)
        kernel = np.exp(-(along / 3)**2 - (across / 1.2)**2)
        chosen = dots * (rng.random(size) < 0.5)
        rods = np.maximum(rods, cv2.filter2D(chosen, -1, kernel))
    return rods.clip(0, 1)


def _share_levels(rng: np.random.Generator, signal: np.ndarray,
                  mask: np.ndarray) -> np.ndarray:
    """Give every phase one and the same grey-level distribution.

    A dark normal bulk (grain interiors) with a bright tail (boundaries), set
    per image and matched to the signal of each phase by its quantiles.
    """
    q = np.linspace(0, 1, 256)
    rise = np.clip((q - rng.uniform(0.68, 0.74)) / 0.27, 0, 1)
    levels = rng.uniform(70, 95) + 9 * ndtri(q.clip(0.004, 0.996))
    levels += rng.uniform(75, 100) * rise**1.5
    grey = np.empty(mask.shape, np.float32)
    for phase in np.unique(mask):
        inside = mask == phase
        values = signal[inside]
        grey[inside] = np.interp(values, np.quantile(values, q), levels)
    return grey


def _expose(rng: np.random.Generator, grey: np.ndarray,
            microscope: Microscope) -> np.ndarray:
    """Add drift, beam blur and shot noise: (H, W) grey -> (H, W) uint8."""
    drift = 1 + 0.07 * smooth_noise(rng, grey.shape, 220)
    beam = cv2.GaussianBlur(grey, (0, 0), microscope.blur)
    electrons = rng.uniform(0.6, 1.2) * microscope.dose  # per grey level
    count = rng.poisson((beam * drift).clip(1, 255) * electrons)
    level = count / electrons * microscope.contrast + microscope.brightness
    return np.rint(level).clip(0, 255).astype(np.uint8)


def _info_band(rng: np.random.Generator, band: int,
               width: int) -> np.ndarray:
    """Draw the (band, W) uint8 strip with the scale bar."""
    strip = np.full((band, width), 12, np.uint8)
    if band < 12:  # too low for legible letters
        return strip
    zoom = rng.choice([1.5, 2.0, 2.5])
    text = f'{rng.choice([5, 10, 15])}.0kV x{zoom:.2f}k  20 um'
    # At scale 0.5 the text is about 170 pixels wide and fits 32 rows.
    scale = 0.5 * min(band / 32, width / 350)
    cv2.putText(strip, text, (width // 50, band * 5 // 8),
                cv2.FONT_HERSHEY_SIMPLEX, scale, 235, 1, cv2.LINE_AA)
    # The instrument's field is 127 mm wide divided by the magnification.
    length = round(width * 20 * zoom / 127)
    right, middle = width - width // 50, band // 2
    cv2.line(strip, (right - length, middle), (right, middle), 235, 1)
    tick = band // 6
    for x in (right - length, right):
        cv2.line(strip, (x, middle - tick), (x, middle + tick), 235, 1)
    return strip
