"""Say which masks are pseudo-labels."""
import os.path as osp
from collections import defaultdict
from collections.abc import Sequence

from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.pseudo_labels import SHEET, PseudoLabels, find_marked

from .findings import MAX_NAMES, NOTE, WARNING, Finding
from .splits import Split

# Of images that a model has adapted to, and is judged on.
TRANSDUCTIVE = ('transductive, of a model that has seen these images and not '
                'their masks.')
SAY_SO = ('Say so where the numbers are reported. To know how good the model '
          'is on other images of that kind, leave some out of what it adapts '
          'to.')


def find_pseudo_labels(splits: Sequence[Split]) -> list[Finding]:
    """Return a finding for each folder of pseudo-labels and part of the data.

    To train on them is what they are for; measures of validation and test
    against them are those of agreement with a model.
    """
    findings = []
    for split in splits:
        marked, masks = {}, defaultdict(list)
        for sample in split.listing.samples:
            path = sample.get('seg_map_path')
            if path is None:
                continue
            folder = osp.dirname(path)
            if folder not in marked:
                marked[folder] = find_marked(folder)
            if marked[folder] is not None:
                masks[marked[folder]].append(path)
        for root, paths in masks.items():
            try:
                maker = PseudoLabels.read(root).describe()
            except (OSError, ValueError) as error:
                maker = f'by an unknown model ({error})'
            training = split.name.split('/') == ['train']
            findings.append(Finding(
                NOTE if training else WARNING,
                counted(len(paths), f'mask of the {split.name} part is',
                        f'masks of the {split.name} part are')
                + f' pseudo-labels {maker}.',
                'Their errors are learned, too: look at '
                f'{root / SHEET}.' if training else
                'What is measured against them is no accuracy: take masks '
                'that a person has drawn.',
                tuple(paths[:MAX_NAMES]), len(paths)))
    return findings
