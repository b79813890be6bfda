"""Label a folder of images; interrupted, it goes on where it was."""
from collections.abc import Mapping
from typing import Optional

import numpy as np
from mmengine.utils import track_iter_progress

from mmseg_ext.basics.image_files import read_size
from mmseg_ext.basics.mask_files import decode_mask

from .label_store import LabelStore
from .label_table import ACCEPTED, CLEAN, REVIEW, LabelRow
from .labeler import ImageLabeler

SUSPICIOUS = 0.5  # probability below which the classifier says clean


def label_folder(labeler: ImageLabeler,
                 images: Mapping[str, str],
                 store: LabelStore,
                 defective: Optional[Mapping[str, bool]] = None,
                 truths: Optional[Mapping[str, str]] = None,
                 accept: float = 0.5) -> int:
    """Label all images that have no row in the store.

    A mask is accepted or for review; and for review is whatever cannot be
    read, whatever nothing was found in, and, if nobody says which images
    are defective, what the classifier takes for clean.

    Args:
        labeler: What labels one image.
        images: Name -> path.
        store: Where to.
        defective: Name -> whether the image is; clean ones are not looked
            at. None: all of them are.
        truths: Name -> path of the ground-truth mask, to be drawn and
            measured.
        accept: Least quality of a mask that is not for review.

    Returns:
        How many images were labelled before.

    Raises:
        ValueError: If a ground-truth mask has another size than its image.
    """
    left = [name for name in images
            if name not in store.rows or not store.has_files(store.rows[name])]
    for name in track_iter_progress(left) if left else ():
        path = images[name]
        if defective is not None and not defective[name]:
            _add_clean(store, name, path)
            continue
        try:
            proposal = labeler(path)
        except (OSError, ValueError) as error:
            store.add(LabelRow(name, 1, REVIEW, f'unreadable: {error}'), path)
            continue
        row = LabelRow(
            name,
            label=1,
            status=REVIEW,
            reason=proposal.reason,
            probability=proposal.probability,
            points=tuple(proposal.points))
        if proposal.mask is not None:
            row.quality = proposal.quality
            row.area = float(proposal.mask.mean())
            if defective is None and proposal.probability < SUSPICIOUS:
                row.reason = 'the classifier takes the image for clean'
            elif proposal.quality < accept:
                row.reason = f'quality below {accept:g}'
            else:
                row.status = ACCEPTED
        truth = read_truth(truths, name, proposal.image.shape[:2])
        measure(row, proposal.mask, truth)
        store.add(row, path, proposal.mask, proposal.image, truth)
    store.write_table()
    return len(images) - len(left)


def _add_clean(store: LabelStore, name: str, path: str) -> None:
    try:
        mask = np.zeros(read_size(path), bool)
    except ValueError as error:
        store.add(LabelRow(name, 0, REVIEW, f'unreadable: {error}'), path)
        return
    store.add(LabelRow(name, 0, CLEAN), path, mask)


def read_truth(truths: Optional[Mapping[str, str]], name: str,
               size: tuple[int, int]) -> Optional[np.ndarray]:
    """Return the ground-truth mask of an image, (H, W) bool, if it is known.

    Raises:
        ValueError: If it has another size than the image.
    """
    if truths is None:
        return None
    truth = decode_mask(truths[name]) > 0
    if truth.shape != tuple(size):
        raise ValueError(f'{truths[name]} has {truth.shape} pixels (height, '
                         f'width), its image {tuple(size)}.')
    return truth


def measure(row: LabelRow, mask: Optional[np.ndarray],
            truth: Optional[np.ndarray]) -> None:
    """Note the IoU with the ground truth, if that marks anything."""
    if truth is None or not truth.any():
        return
    row.iou = 0.0
    if mask is not None:
        row.iou = float((mask & truth).sum() / (mask | truth).sum())
