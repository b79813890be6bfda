"""The files that a config trains, validates and tests on."""
from collections.abc import Iterable

from mmseg_ext.basics.files import sha256
from mmseg_ext.checking.splits import Split


def known_images(splits: Iterable[Split]) -> dict[str, str]:
    """Return SHA-256 -> part, of the images in a config's sets.

    Args:
        splits: See :func:`~mmseg_ext.checking.config_splits.splits_of_config`.
    """
    found: dict[str, str] = {}
    for split in splits:
        for sample in split.listing.samples:
            try:
                found.setdefault(sha256(sample['img_path']), split.name)
            except OSError:
                continue  # training says so
    return found
