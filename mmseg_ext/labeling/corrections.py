"""Read back what a person has corrected in labelme."""
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Optional

import numpy as np

from mmseg_ext.basics.image_files import read_image, read_size

from .label_folder import measure, read_truth
from .label_store import LabelStore
from .label_table import (
    ACCEPTED,
    CLEAN,
    CONFIRMED,
    CORRECTED,
    REJECTED,
    REVIEW,
    UNREADABLE,
    LabelRow,
)
from .labelme import mask_to_shapes, read_labelme, shapes_to_mask


def import_corrections(
        store: LabelStore,
        images: Mapping[str, str],
        truths: Optional[Mapping[str, str]] = None) -> Counter:
    """Take over the masks and ticks in labelme's files.

    A mask that was changed counts as it is now ('corrected'); one without
    a pixel makes the image a clean one. Of one that was not changed, the box
    'accepted' decides. All files are read before the first is taken over.

    Args:
        store: Labels that ``label_folder`` has made.
        images: Name -> path.
        truths: Name -> path of the ground-truth mask, to be drawn and
            measured.

    Returns:
        How many were 'corrected', 'accepted by hand' and 'rejected by hand'.

    Raises:
        FileNotFoundError: If a file of labelme's is missing.
        ValueError: If one is not readable; the message names all of them.
    """
    found, faults = {}, []
    for name, row in store.rows.items():
        path = store.labelme_path(row)
        if row.status == CLEAN or name not in images:
            continue
        if not path.exists():
            if not row.reason.startswith(UNREADABLE):
                faults.append(f'{path} is missing; label the image anew')
            continue
        try:
            found[name] = read_labelme(path, read_size(images[name]))
        except (OSError, ValueError) as error:
            faults.append(str(error))
    if faults:
        raise ValueError('\n'.join(['Nothing was taken over:', *faults]))
    counts = Counter()
    for name, (drawn, accepted) in found.items():
        row = replace(store.rows[name])
        change = _change(store, row, drawn, accepted)
        if not change:
            continue
        counts[change] += 1
        mask = drawn if change == CORRECTED else store.read_mask(row)
        row.status = {CONFIRMED: ACCEPTED, REJECTED: REVIEW}.get(
            change, CORRECTED)
        row.reason = change
        row.area = float(mask.mean())
        row.label = int(mask.any())
        image = read_image(images[name])
        truth = read_truth(truths, name, mask.shape)
        measure(row, mask, truth)
        # each image by itself: an interruption leaves whole rows
        store.correct(row, mask, image, truth)
    return counts


def _change(store: LabelStore, row: LabelRow, drawn: np.ndarray,
            accepted: bool) -> str:
    """Return what a person did, '' if nothing."""
    mask = store.read_mask(row)
    before = np.zeros_like(drawn) if mask is None else mask
    # polygons are not as exact as the mask they were made of
    untouched = shapes_to_mask(mask_to_shapes(before), before.shape)
    if not any(np.array_equal(drawn, one) for one in (before, untouched)):
        return CORRECTED
    if row.status == REVIEW and accepted and mask is not None:
        return CONFIRMED
    if row.status == ACCEPTED and not accepted:
        return REJECTED
    return ''
