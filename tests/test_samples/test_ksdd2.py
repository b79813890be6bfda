"""Tests of the synthetic set in the layout of KolektorSDD2."""
import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmseg_ext.datasets import KSDD2Dataset
from mmseg_ext.samples import (
    KSDD2_DEFECTS,
    render_ksdd2,
    write_ksdd2_sample,
)

COUNTS = dict(
    num_defective=9, num_clean=6, num_test_defective=2, num_test_clean=3)
SMALL = (160, 58)


@pytest.fixture(scope='module')
def sample(tmp_path_factory):
    root = tmp_path_factory.mktemp('ksdd2') / 'set'
    return write_ksdd2_sample(root, **COUNTS)


def load(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def load_part(root, part):
    """Return the images and masks of a part."""
    masks = sorted((root / part).glob('*_GT.png'))
    images = [path.with_name(path.name.replace('_GT', '')) for path in masks]
    return list(map(load, images)), list(map(load, masks))


def read_bytes(root):
    return {path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob('*.png')}


def test_files_of_a_set(sample):
    names = {f'{part}/{first + k}{kind}.png'
             for part, first, count in (('train', 10000, 15),
                                        ('test', 20000, 5))
             for k in range(count) for kind in ('', '_GT')}
    copies = {'train/10000 (copy).png', 'train/10000_GT (copy).png'}
    found = read_bytes(sample)
    assert set(found) == names | copies
    for name in copies:  # as in the published files
        assert found[name] == found[name.replace(' (copy)', '')]
    # Neither the temporary directory nor anything else is left over.
    assert [path.name for path in sample.parent.iterdir()] == ['set']


def test_the_pictures_of_a_set(sample):
    sizes, contents = set(), []
    for part in ('train', 'test'):
        for image, mask in zip(*load_part(sample, part)):
            assert image.dtype == mask.dtype == np.uint8
            assert image.shape == (*mask.shape, 3)
            assert set(np.unique(mask)) <= {0, 255}
            sizes.add(mask.shape)
            contents.append(image.tobytes())
    assert len(set(contents)) == len(contents)
    assert len(sizes) > 10
    heights, widths = zip(*sizes)
    assert 620 <= min(heights) < max(heights) <= 650
    assert 225 <= min(widths) < max(widths) <= 235


@pytest.mark.parametrize('part, defective', [('train', 9), ('test', 2)])
def test_defective_ones_are_spread_evenly(sample, part, defective):
    kinds = [mask.any() for mask in load_part(sample, part)[1]]
    assert sum(kinds) == defective
    for end in range(1, len(kinds)):
        assert abs(sum(kinds[:end]) - end * defective / len(kinds)) < 1


def test_our_dataset_reads_the_set(sample):
    init_default_scope('mmseg')
    counts = {split: len(KSDD2Dataset(str(sample), split))
              for split in ('train', 'val', 'test')}
    assert counts == dict(train=13, val=2, test=5)


@pytest.mark.parametrize('defect', KSDD2_DEFECTS)
@pytest.mark.parametrize('size', [SMALL, (637, 230)])
def test_masks_mark_what_the_defect_changed(defect, size):
    for seed in range(4):
        clean, nothing = render_ksdd2('clean', seed, size)
        broken, mask = render_ksdd2(defect, seed, size)
        assert clean.shape == broken.shape == (*size, 3)
        assert mask.shape == size
        assert mask.any() and not nothing.any()
        change = np.abs(clean.astype(int) - broken).max(axis=-1)
        assert not change[mask == 0].any()
        assert change[mask > 0].mean() > 8


def test_defects_are_tiny_to_moderate():
    fractions = {kind: [(render_ksdd2(kind, seed)[1] > 0).mean()
                        for seed in range(16)] for kind in KSDD2_DEFECTS}
    everything = np.concatenate(list(fractions.values()))
    assert everything.min() < 0.0006  # less than a hundred pixels
    assert 0.02 < everything.max() < 0.1
    assert np.median(fractions['pit']) < np.median(fractions['spot']) / 3


def test_grey_level_alone_does_not_find_the_defects(sample):
    images, masks = load_part(sample, 'train')
    counts = np.zeros((2, 256))  # per truth and level
    for image, mask in zip(images, masks):
        for truth in (0, 1):
            levels = image[..., 0][(mask > 0) == truth]
            counts[truth] += np.bincount(levels, minlength=256)
    sound, broken = counts
    best = 0
    # Every threshold, with the defects taken as dark or as bright.
    for order in (slice(None), slice(None, None, -1)):
        hits = np.cumsum(broken[order])
        union = broken.sum() + np.cumsum(sound[order])
        best = max(best, (hits / union).max())
    assert best < 0.2


def test_brightness_does_not_tell_defective_images(sample):
    images, masks = load_part(sample, 'train')
    kinds = np.array([mask.any() for mask in masks])
    for measure in (np.mean, np.std):
        values = np.array([measure(image) for image in images])
        bad, good = values[kinds], values[~kinds]
        assert bad.min() < good.max() and good.min() < bad.max()


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('size', [(48, 48), (64, 200), [160, 58]])
@pytest.mark.parametrize('defect', KSDD2_DEFECTS)
def test_small_pictures_have_defects_too(defect, size):
    for seed in range(10):
        image, mask = render_ksdd2(defect, seed, size)
        assert image.shape == (*size, 3)
        assert mask.any()


def test_pictures_depend_on_seed_and_rank_but_not_on_counts(tmp_path):
    def contents(name, defective, clean, **kwargs):
        root = write_ksdd2_sample(tmp_path / name, defective, clean, 0, 1,
                                  SMALL, **kwargs)
        return {path.read_bytes() for path in root.rglob('*[0-9].png')}

    few, many, other = (contents('few', 2, 1), contents('many', 4, 3),
                        contents('other', 2, 1, seed=1))
    assert (len(few), len(many)) == (4, 8)
    assert few < many
    assert not few & other


def test_progress_counts_to_the_total(tmp_path):
    calls = []
    write_ksdd2_sample(tmp_path, 1, 1, 0, 1, SMALL,
                       progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_refuses_to_mix_with_other_files(tmp_path):
    (tmp_path / 'test').mkdir()
    (tmp_path / 'test/mine.png').write_bytes(b'precious')
    with pytest.raises(FileExistsError, match=r'test.*delete'):
        write_ksdd2_sample(tmp_path, 1, 0, 0, 0, SMALL)
    assert not (tmp_path / 'train').exists()


def test_an_interrupted_run_leaves_no_half_set(tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_ksdd2_sample(tmp_path / 'set', 1, 1, 0, 0, SMALL,
                           progress=interrupt)
    assert not list((tmp_path / 'set').iterdir())


@pytest.mark.parametrize('name, value', [
    ('size', (49, 200)), ('size', (64, 64, 3)), ('seed', -1),
    ('num_defective', -1), ('num_clean', -1), ('num_test_clean', -2)])
def test_bad_arguments_are_named(tmp_path, name, value):
    with pytest.raises(ValueError, match=f'^{name}=.*must be'):
        write_ksdd2_sample(tmp_path / 'set', **{name: value})
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize('name, value, choice', [
    ('defect_type', 'stain', 'pit'), ('size', (47, 64), '48'),
    ('seed', -1, '0')])
def test_bad_arguments_of_a_picture_are_named(name, value, choice):
    arguments = dict(defect_type='spot', seed=0)
    with pytest.raises(ValueError, match=f'^{name}=.*must be.*{choice}'):
        render_ksdd2(**{**arguments, name: value})
