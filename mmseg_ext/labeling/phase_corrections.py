"""Read back the phases that a person has corrected in labelme."""
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmseg_ext.basics.files import sha256
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.printable import counted

from .labelme import open_labelme
from .phase_shapes import DrawnPhases, shapes_to_ids
from .phase_store import PhaseStore, digest
from .phase_table import ACCEPTED, CORRECTED, REVIEW, PhaseRow

WITHDRAWN = 'withdrawn'


class Found(NamedTuple):
    """What labelme's file of an image says."""
    drawn: DrawnPhases
    accepted: bool
    path: Path


def import_phases(store: PhaseStore, images: Mapping[str, Path]
                  ) -> tuple[Counter, list[str]]:
    """Take over the polygons and ticks in labelme's files.

    Polygons that were changed count as they are now. Of those that were not,
    the box 'accepted' decides, and the mask is the prediction itself, without
    what polygons lose. All files are read before the first is taken over.

    Args:
        store: Labels that ``PhaseLabelingJob`` has made.
        images: Name -> path.

    Returns:
        How many are 'corrected', 'accepted' and 'withdrawn' that were not
        before, and what else is to be said.

    Raises:
        ValueError: If a file cannot be taken over; the message names all.
    """
    found, faults, notes = {}, [], []
    for name, row in store.rows.items():
        if not row.is_exported:
            continue
        try:
            found[name] = _read(store, row, images)
        except (OSError, ValueError) as error:
            faults.append(str(error))
    if faults:
        raise ValueError('\n'.join(
            [f'{counted(len(faults), "file")} of labelme cannot be read '
             'back. Nothing was changed.', *faults]))
    counts: Counter = Counter()
    for name, one in found.items():
        if one.drawn.clipped:
            notes.append(f'{name}: ' + counted(
                one.drawn.clipped, 'polygon reaches beyond the image and is',
                'polygons reach beyond the image and are') + ' cut off there')
        change = _take_over(store, replace(store.rows[name]), one)
        if change:
            counts[change] += 1
    return counts, notes


def _read(store: PhaseStore, row: PhaseRow,
          images: Mapping[str, Path]) -> Found:
    path = store.labelme_path(row.image)
    if not path.exists():
        raise ValueError(f'{path} is missing. Put it back; or take the line '
                         f'of {row.image} out of the table, and it is '
                         'predicted anew.')
    image = images.get(row.image)
    if image is None:
        raise ValueError(f'The image {row.image} is no longer there, which '
                         f'{path} belongs to. Put it back.')
    if sha256(image) != row.sha256:
        raise ValueError(f'{image} was replaced after {path} had been '
                         'written. Put the image back.')
    size = store.prediction(row.image).shape
    shapes, accepted = open_labelme(path, size)
    try:
        drawn = shapes_to_ids(shapes, size, store.classes,
                              store.classes.index(row.base_phase))
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    return Found(drawn, accepted, image)


def _take_over(store: PhaseStore, row: PhaseRow, found: Found) -> str:
    """Return what a person did, '' if nothing."""
    predicted, mask = store.prediction(row.image), found.drawn.ids
    status = CORRECTED
    if digest(mask) == row.exported or np.array_equal(mask, predicted):
        status, mask = ACCEPTED, predicted
        if not found.accepted:
            if not row.by_hand:
                return ''
            row.status, row.changed_percent = REVIEW, None
            store.withdraw(row)
            return WITHDRAWN
    path = store.mask_path(row.image)
    if row.status == status and path.exists() and np.array_equal(
            decode_mask(str(path)), mask):
        return ''
    row.status = status
    row.changed_percent = 100 * float((mask != predicted).mean())
    store.keep(row, found.path, mask)
    return status
