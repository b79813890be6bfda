"""Which images train, and which judge."""
import os.path as osp
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from mmseg_ext.basics.deal import deal_images
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.splits import SPLITS

from .fingerprint import SetFacts
from .source import Pair, Source

BEGINNING = 10  # images below which a plan warns
RATIOS = (4, 1, 0)  # as five folds have; a test part is never made of few


@dataclass(frozen=True)
class Parts:
    """The part of each image, and why it is so.

    Attributes:
        of: Part of each pair of the source, in its order.
        reason: A sentence.
        prefix: The folders of images and of masks that the names of all
            lists start from; None: the parts are those of the folders, or
            of the lists that are there.
        lists: Part -> names for its list, where that has to be written: all
            are dealt out anew, or its folder holds images without a mask.
    """
    of: list[str]
    reason: str
    prefix: Optional[tuple[str, str]] = None
    lists: dict[str, list[str]] = field(default_factory=dict)


def choose_parts(source: Source, facts: SetFacts, seed: int = 0) -> Parts:
    """Keep the parts that a set has, or deal them out where they are no good.

    Validation chooses the checkpoint: a class that it lacks has no say.
    Images that are nearly the same stay together. A test part stays as it
    is; without one there is none.

    Args:
        source: The set.
        facts: What it is like.
        seed: Seed of what is dealt out.

    Raises:
        ValueError: If there are too few images.
    """
    there = np.array([pair.part for pair in source.pairs])
    free = [i for i, part in enumerate(there) if part != 'test']
    if len(free) < 2:
        raise ValueError(
            f'{source.root} has {counted(len(free), "image")} with '
            'a mask to train and validate on: two are needed at least, and '
            f'{BEGINNING} are a beginning')
    held = facts.pixels > 0
    whole = {'train', 'val'} <= {*there}
    lacks = _lacks(held, there)
    place = ', '.join(source.lists.values()) or 'the folders'
    prefix = _common_prefix(source, {there[i] for i in free})
    if whole and not lacks:
        return _keep(source, there, f'as they are in {place}')
    if prefix is None:
        return _keep(source, there, f'as they are in {place}, although '
                     f'{_name(lacks, facts)}: move images to mend that')
    deal = deal_images(
        [source.pairs[i].name for i in free], held[free],
        [facts.prints[i] for i in free], RATIOS, seed)
    dealt = there.astype('<U5')
    dealt[free] = deal.parts
    still = _lacks(held, dealt)
    if whole and len(still) >= len(lacks):
        return _keep(source, there, f'as they are in {place}; '
                     f'{_name(lacks, facts)}, and no other way of dealing '
                     'the images out mends that')
    why = _name(lacks, facts) if whole else 'there is no part to ' + (
        'validate on' if 'train' in there else 'train and validate on')
    so = f'; {_name(still, facts)}' if still else ', every class in both'
    if deal.alike:
        so += ('; images that are nearly the same stay together, '
               + counted(len(deal.alike), 'group'))
    return Parts(
        dealt.tolist(), f'{why}: new lists, four fifths train and one fifth '
        f'validates{so}', prefix,
        {part: [_listed(pair, prefix, source) for pair, of in zip(
            source.pairs, dealt) if of == part and (
                part != 'test' or source.lists)] for part in SPLITS})


def _keep(source: Source, there: np.ndarray, reason: str) -> Parts:
    lists: dict[str, list[str]] = {}
    if source.without_mask and not source.lists:
        reason += ', in lists without the images that have no mask'
        for pair in source.pairs:
            lists.setdefault(pair.part, []).append(
                _listed(pair, source.prefixes[pair.part], source))
    return Parts(there.tolist(), reason, None, lists)


def images_but_test(source: Source, parts: Parts) -> list[str]:
    """Return the paths of all images, with a mask or without, but the test's.

    What is in none of the lists that the folder has is left out, too.
    """
    tested = source.prefixes.get('test')
    folder = osp.join(source.root, tested[0], '') if tested else None
    return [*(pair.image for pair, of in zip(source.pairs, parts.of)
              if of != 'test'),
            *(path for path in source.without_mask
              if folder is None or not path.startswith(folder))]


def _common_prefix(source: Source, parts: set[str]
                   ) -> Optional[tuple[str, str]]:
    """Return folders in which images and masks have the same names."""
    prefixes = [source.prefixes[part if part in source.prefixes else '']
                for part in sorted(parts)]
    if len(prefixes) == 1:
        return prefixes[0]
    homes = {tuple(map(osp.dirname, prefix)) for prefix in prefixes}
    same = all(osp.basename(images) == osp.basename(masks)
               for images, masks in prefixes)
    return homes.pop() if same and len(homes) == 1 else None


def _listed(pair: Pair, prefix: tuple[str, str], source: Source) -> str:
    images = osp.join(source.root, prefix[0])
    return osp.relpath(pair.image, images).replace(osp.sep, '/')


def _lacks(held: np.ndarray, parts: Sequence[str]) -> list[tuple[str, int]]:
    """Return (part, class id) of what training or validation lacks."""
    return [(part, int(class_id)) for part in SPLITS[:2]
            for class_id in np.flatnonzero(
                held.any(axis=0) & ~held[np.array(parts) == part].any(axis=0))]


def _name(lacks: Sequence[tuple[str, int]], facts: SetFacts) -> str:
    return ', '.join(f'{part} has no pixel of {facts.classes[class_id]}'
                     for part, class_id in lacks)
