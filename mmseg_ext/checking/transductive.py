"""Say which images of a target are those that judge."""
from collections.abc import Mapping, Sequence

from mmseg.registry import DATASETS

from mmseg_ext.datasets.source_target import (
    common_files,
    domain_sections,
    settings_of_target,
)

from .findings import MAX_NAMES, NOTE, Finding
from .pseudo_labels import SAY_SO, TRANSDUCTIVE
from .splits import Split


def note_transductive(cfg: Mapping, splits: Sequence[Split]) -> None:
    """Add a finding to each part whose images are of a target, too.

    Of a target's images no masks are used, so that this is no leak.

    Args:
        cfg: A config.
        splits: Its parts.
    """
    for section in domain_sections(cfg):
        if not section.get('target'):  # nobody has named it yet
            continue
        try:
            target = DATASETS.build(dict(settings_of_target(
                section['target'], section['source']), pipeline=[]))
        except (OSError, ValueError):  # the training says so
            continue
        images = [target.get_data_info(i)['img_path']
                  for i in range(len(target))]
        for split in splits:
            if 'train' in split.name:
                continue
            same = common_files(
                [sample['img_path'] for sample in split.listing.samples],
                images)
            if same:
                split.listing.findings.append(Finding(
                    NOTE, f'{len(same)} of {len(images)} images of the target '
                    f'are of the {split.name} part: what is measured there '
                    f'is {TRANSDUCTIVE}', SAY_SO,
                    tuple(same[:MAX_NAMES]), len(same)))
