"""What the check says of pictures that are the same."""
import shutil

import cv2


def test_leak_into_validation_is_an_error(pairs, find):
    image = cv2.imread(str(pairs.root / 'images/train/1.png'))
    pairs.save('images/val/3.png', image)
    finding = find(pairs.check(), 'one in train and one in val, are identical')
    assert finding.severity == 'error'
    assert finding.names == (f'{pairs.root}/images/train/1.png and '
                             f'{pairs.root}/images/val/3.png', )
    assert 'masks differ' in finding.what
    assert 'Split first' in finding.fix
    assert len(finding.pictures) == 1


def test_one_file_in_two_parts(pairs, find):
    for part in ('images', 'masks'):
        shutil.rmtree(pairs.root / part / 'val')
        (pairs.root / part / 'val').symlink_to(pairs.root / part / 'train')
    finding = find(pairs.check(), '3 pairs of images, one in train')
    assert finding.severity == 'error'
    assert 'masks differ' not in finding.what


def test_changed_leak_is_a_warning(pairs, find):
    image = pairs.texture(1)
    pairs.save('images/val/3.jpg', image[:, ::-1])
    (pairs.root / 'images/val/3.png').unlink()
    finding = find(pairs.check(), 'one in train and one in val')
    assert finding.severity == 'warning'
    assert 'nearly identical' in finding.what
    assert '1 of them mirrored or turned' in finding.what


def test_copies_in_training(pairs, find):
    for kind in ('images', 'masks'):
        picture = cv2.imread(str(pairs.root / f'{kind}/train/1.png'))
        pairs.save(f'{kind}/train/9.png', picture)
    finding = find(pairs.check(), '1 pair of images of train are identical')
    assert finding.severity == 'note'
    pairs.save('masks/train/9.png', pairs.phases(2))
    finding = find(pairs.check(), 'Their masks differ')
    assert finding.severity == 'warning'


def test_leaks_are_found_before_the_masks_are_mended(pairs, find):
    """Nothing can be loaded: the masks are shorter than the images."""
    image = cv2.imread(str(pairs.root / 'images/train/1.png'))
    pairs.save('images/val/3.png', image)
    for path in pairs.root.glob('masks/*/*.png'):
        pairs.save(str(path.relative_to(pairs.root)), cv2.imread(
            str(path), 0)[:40])
    result = pairs.check()
    assert result.statistics[0].masks == 0
    find(result, 'one in train and one in val, are identical')
