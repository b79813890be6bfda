"""Writing of a whole set of pictures or of nothing."""
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np

from mmseg_ext.basics.png_files import write_png
from mmseg_ext.basics.staging import remove_unfinished, staged


def write_set(root: str | os.PathLike,
              folders: Sequence[str],
              jobs: Sequence[Any],
              render: Callable[[Any], dict[str, np.ndarray]],
              progress: Optional[Callable[[int, int], None]] = None) -> Path:
    """Render every job and move the pictures to ``root`` together.

    A run that is interrupted while it renders leaves ``root`` empty.

    Args:
        root: Directory to write to; made if it is missing.
        folders: Every folder of the set, relative to ``root``, with '/'.
        jobs: What ``render`` is called with, one after another.
        render: Returns pictures by their path relative to ``root``: uint8,
            (H, W) grey or (H, W, 3) RGB.
        progress: Called with (jobs done, jobs in all) after each job.

    Returns:
        ``root`` as a path.

    Raises:
        FileExistsError: If ``root`` already holds what the set would add
            to; everything else in it is left alone.
    """
    root = Path(root)
    tops = list(dict.fromkeys(folder.split('/')[0] for folder in folders))
    remove_unfinished(root)
    _make_room(root, tops)
    root.mkdir(parents=True, exist_ok=True)
    with staged(root, tops) as staging:
        for folder in folders:
            (staging / folder).mkdir(parents=True)
        for done, job in enumerate(jobs, 1):
            for path, picture in render(job).items():
                if picture.ndim == 3:
                    picture = picture[..., ::-1]  # RGB -> BGR
                write_png(staging / path, picture)
            if progress is not None:
                progress(done, len(jobs))
    return root


def child_seed(*key: int) -> int:
    """Derive the seed of one picture from the set's seed and its place."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])


def _make_room(root: Path, tops: Sequence[str]) -> None:
    """Refuse folders that hold anything, and remove those that do not."""
    for path in (root / top for top in tops):
        if path.exists() and not path.is_dir():
            raise FileExistsError(f'{path} is no directory; choose another '
                                  'place for the set or delete it')
        found = sorted(path.rglob('*'))
        if found:
            everything = ' and '.join(str(root / top) for top in tops)
            raise FileExistsError(
                f'{path} already holds {len(found)} entries, the first '
                f'{found[0]}; choose another directory or delete '
                f'{everything}')
    for top in tops:
        if (root / top).exists():
            (root / top).rmdir()
