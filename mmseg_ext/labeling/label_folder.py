"""Label a folder of images; interrupted, it goes on where it was."""
from collections.abc import Mapping
from typing import Optional

import cv2
import numpy as np

from mmseg_ext.basics import name_fault, printable
from mmseg_ext.basics.console import count_progress
from mmseg_ext.basics.files import is_of_disk, sha256
from mmseg_ext.basics.image_files import read_size
from mmseg_ext.basics.listing import name_some
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.printable import counted

from .label_store import LabelStore
from .label_table import (
    ACCEPTED,
    CLEAN,
    REVIEW,
    TABLE,
    UNREADABLE,
    LabelRow,
)
from .labeler import ImageLabeler

# What one image can cause, and the next need not: a bad file, its size.
FAILURES = (OSError, ValueError, MemoryError, RuntimeError, cv2.error)
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
        ValueError: If a ground-truth mask has another size than its image,
            or an image was replaced whose label was corrected by hand.
    """
    left = _left(images, store, defective)
    show = count_progress('images')
    for done, name in enumerate(left):
        show(done, len(left))
        path = images[name]
        try:
            fault = name_fault(name)
            if fault is not None:
                raise ValueError(fault)
            _label(labeler, name, path, store, defective, truths, accept)
        except TruthError:
            raise
        except FAILURES as error:
            if isinstance(error, OSError) and is_of_disk(error):
                raise
            label = int(defective is None or defective[name])
            reason = str(error) or type(error).__name__
            store.add(LabelRow(
                printable(name), label, REVIEW,
                f'{UNREADABLE}: {printable(reason)}', sha256=_digest(path)),
                path)
    show(len(left), len(left))
    store.write_table()
    return len(images) - len(left)


class TruthError(ValueError):
    """A ground-truth mask does not fit its image."""


def _left(images: Mapping[str, str], store: LabelStore,
          defective: Optional[Mapping[str, bool]]) -> list[str]:
    """Return the images that are to be labelled."""
    left, replaced = [], []
    for name, path in images.items():
        row = store.rows.get(printable(name))
        if row is None or not store.has_files(row):
            left.append(name)
        elif ((row.sha256 or row.reason.startswith(UNREADABLE))
              and row.sha256 != _digest(path)):
            (replaced if row.by_hand else left).append(name)
        elif (defective is not None and not row.by_hand
              and row.label != defective[name]):
            left.append(name)
    if replaced:
        raise ValueError(
            counted(len(replaced), 'image was', 'images were')
            + ' replaced after labels had been corrected by hand: '
            f'{name_some(replaced)}. Put the images '
            f'back; or take their lines out of {store.root / TABLE}, and they '
            'are labelled anew.')
    return left


def _digest(path: str) -> str:
    """Return the first digits of a file's SHA-256; '': it cannot be read."""
    try:
        return sha256(path)[:16]
    except OSError:
        return ''


def _label(labeler: ImageLabeler, name: str, path: str, store: LabelStore,
           defective: Optional[Mapping[str, bool]],
           truths: Optional[Mapping[str, str]], accept: float) -> None:
    digest = _digest(path)  # of what is read next
    if defective is not None and not defective[name]:
        mask = np.zeros(read_size(path), bool)
        store.add(LabelRow(name, 0, CLEAN, sha256=digest), path, mask)
        return
    proposal = labeler(path)
    row = LabelRow(
        name,
        label=1,
        status=REVIEW,
        reason=proposal.reason,
        probability=proposal.probability,
        points=tuple(proposal.points),
        sha256=digest)
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


def read_truth(truths: Optional[Mapping[str, str]], name: str,
               size: tuple[int, int]) -> Optional[np.ndarray]:
    """Return the ground-truth mask of an image, (H, W) bool, if it is known.

    Raises:
        TruthError: If it cannot be read, or has another size than the image.
    """
    if truths is None:
        return None
    try:
        truth = decode_mask(truths[name]) > 0
    except (OSError, ValueError) as error:
        raise TruthError(str(error)) from error
    if truth.shape != tuple(size):
        raise TruthError(f'{truths[name]} has {truth.shape} pixels (height, '
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
