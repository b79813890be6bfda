"""A set with a source and a target domain, out of one with masks."""
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics.image_files import decode_file
from mmseg_ext.basics.png_files import write_png
from mmseg_ext.basics.staging import staged

from .pairs import Pair, find_pairs

KINDS = ('images', 'masks')
SOURCE, TARGET, TEST = DOMAINS = ('train', 'target', 'test')


def write_domains(out: str | os.PathLike,
                  data_root: str | os.PathLike,
                  factor: Optional[float] = None,
                  below: Optional[float] = None,
                  progress: Callable[[int, int], None] | None = None
                  ) -> dict[str, list[str]]:
    """Write ``images|masks/train|target|test`` out of a set with parts.

    ``train`` is the source, and ``target`` and ``test`` are of the other
    domain: out of the training part, for a model that is to see no masks of
    it, and out of all other parts.

    Args:
        out: Folder to write to.
        data_root: Set with images/train, masks/train and others, such as
            val and test.
        factor: The other domain is the same images with their grey levels
            multiplied by this; above 0.
        below: It is the images whose mean grey level, 0 to 255, is below
            this, and the source the other ones; those of the other parts are
            left out.
        progress: Called with (images done, images in all) after each image.

    Returns:
        'train', 'target' and 'test' -> names of their images.

    Raises:
        FileExistsError: If ``out`` holds images or masks already.
        ValueError: If not one of ``factor`` and ``below`` is given and in
            its range, or a domain has no image.
    """
    if (factor is None) == (below is None):
        raise ValueError('Either factor or below must be given')
    if factor is not None and not 0 < factor < np.inf:
        raise ValueError(f'factor={factor}: must be above 0')
    if below is not None and not 0 < below <= 255:
        raise ValueError(f'below={below}: must be a grey level, above 0 and '
                         'up to 255')
    pairs, _ = find_pairs(data_root)
    found: dict[str, list[str]] = {domain: [] for domain in DOMAINS}
    with staged(Path(out), KINDS) as folder:
        for done, pair in enumerate(pairs, 1):
            for domain, image in _domains_of(pair, factor, below):
                if pair.name in found[domain]:
                    raise ValueError(
                        f'{pair.name} is in several parts of {data_root}: '
                        'give the images names of their own')
                found[domain].append(pair.name)
                _write(folder, domain, pair, image)
            if progress is not None:
                progress(done, len(pairs))
        for domain, names in found.items():
            if not names:
                raise ValueError(
                    f'No image would be in {domain}: of {len(pairs)} images '
                    f'in {data_root} none is '
                    + ('of such a part' if below is None or domain == SOURCE
                       else f'of such a part and darker than {below:g}'))
    return found


def _domains_of(pair: Pair, factor: Optional[float], below: Optional[float]
                ) -> Iterator[tuple[str, Optional[np.ndarray]]]:
    """Yield the domains of a pair, and its image where that is another."""
    other = TARGET if pair.split == 'train' else TEST
    image = decode_file(pair.image)
    full = np.iinfo(image.dtype).max
    if factor is not None:
        if other == TARGET:
            yield SOURCE, None
        yield other, np.rint(image * factor).clip(0, full).astype(image.dtype)
    elif image.mean() * 255 / full < below:
        yield other, None
    elif other == TARGET:
        yield SOURCE, None


def _write(folder: Path, domain: str, pair: Pair,
           image: Optional[np.ndarray]) -> None:
    for kind, file in zip(KINDS, (pair.image, pair.mask)):
        suffix = Path(file).suffix
        changed = kind == 'images' and image is not None
        path = folder / kind / domain / (
            pair.name + ('.png' if changed else suffix))
        path.parent.mkdir(parents=True, exist_ok=True)
        if changed:
            write_png(path, image)
        else:
            shutil.copyfile(file, path)
