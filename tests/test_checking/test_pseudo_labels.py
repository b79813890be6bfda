"""Pseudo-labels are named where they train, and where they judge."""
import shutil

from mmseg_ext.basics.pseudo_labels import MARK, PseudoLabels
from mmseg_ext.checking import check_splits, splits_of_folders


def check(pairs) -> dict:
    folders = [str(pairs.root / kind / part) for part in ('train', 'val')
               for kind in ('images', 'masks')]
    images, masks, val_images, val_masks = folders
    return {finding.what: finding for finding in check_splits(
        splits_of_folders(images, masks, ['a', 'b', 'c'], val_images,
                          val_masks)).findings
        if 'pseudo-labels' in finding.what}


def test_marked_folders(pairs):
    assert not check(pairs)
    PseudoLabels('unet.pth', '', '', 2, .9, .5, ['a'], [.9], [1], [1]).write(
        pairs.root)
    (train, note), (val, warning) = sorted(check(pairs).items())[:2]
    if 'val' in train:
        (train, note), (val, warning) = (val, warning), (train, note)
    assert train.endswith('masks of the train part are pseudo-labels by '
                          'unet.pth, round 2, threshold 0.9.')
    assert note.severity == 'note' and warning.severity == 'warning'
    assert 'no accuracy' in warning.fix
    (pairs.root / MARK).write_text('{}')
    assert all('by an unknown model' in what for what in check(pairs))


def test_pseudo_labels_of_test_images_are_no_leak(pairs, find):
    for kind in ('images', 'masks'):
        shutil.copy(pairs.root / f'{kind}/val/3.png',
                    pairs.root / f'{kind}/train/3.png')
    leak = find(pairs.check(), 'one in train and one in val')
    assert leak.severity == 'error' and 'by heart' in leak.what
    PseudoLabels('unet.pth', '', '', 1, .9, .5, ['a'], [.9], [1], [1]).write(
        pairs.root / 'masks/train')
    note = find(pairs.check(), 'one in train and one in val')
    assert note.severity == 'note' and 'transductive' in note.what
