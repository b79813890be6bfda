"""Tests of the synthetic electron micrographs."""
import cv2
import numpy as np
import pytest

from mmseg_ext.samples import CLASSES, render_sem, write_sem_sample
from mmseg_ext.samples.sem import OTHER, Microscope

SMALL = (96, 128)


@pytest.fixture(scope='module')
def sample(tmp_path_factory):
    """Return the root of a set whose val split covers several lobes."""
    root = tmp_path_factory.mktemp('sem') / 'set'
    return write_sem_sample(root, num_train=10, num_val=5, size=(480, 640))


def load_split(root, split):
    """Return the images, cut to the masks' height, and the masks."""
    images, masks = [], []
    for path in sorted((root / 'masks' / split).iterdir()):
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        image = cv2.imread(str(root / 'images' / split / path.name),
                           cv2.IMREAD_UNCHANGED)
        images.append(image[:len(mask)])
        masks.append(mask)
    return np.stack(images), np.stack(masks)


def read_bytes(root):
    return {path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob('*.png')}


def test_same_seed_gives_the_same_bytes():
    first, again, other = (render_sem(seed, SMALL) for seed in (3, 3, 4))
    for a, b, c in zip(first, again, other, strict=True):
        assert a.tobytes() == b.tobytes()
        assert a.tobytes() != c.tobytes()


@pytest.mark.parametrize('size, band', [(SMALL, 32), ((131, 97), 0),
                                        ((64, 64), 5), ([64, 201], 48)])
def test_shapes_and_values(size, band):
    image, mask = render_sem(1, size, band)
    assert image.shape == (size[0] + band, size[1])
    assert mask.shape == tuple(size)
    assert image.dtype == mask.dtype == np.uint8
    assert mask.max() < len(CLASSES)
    assert image[:size[0]].std() > 10


@pytest.mark.filterwarnings('error')
def test_views_with_few_grains_render():
    for seed in range(60):
        render_sem(seed, (64, 64))


def test_band_is_dark_with_bright_writing():
    image, mask = render_sem(0, (96, 640), band=32)
    strip = image[len(mask):]
    assert np.median(strip) < 30
    assert strip.max() > 200
    assert 0.005 < (strip > 100).mean() < 0.2


def test_all_phases_occur_in_varying_fractions(sample):
    _, masks = load_split(sample, 'train')
    fractions = np.stack([np.bincount(mask.ravel(), minlength=3) / mask.size
                          for mask in masks])
    assert (fractions > 0.005).all(axis=1).mean() > 0.8
    assert (fractions.mean(axis=0) > 0.1).all()
    assert (fractions.std(axis=0) > 0.05).all()


@pytest.mark.parametrize('window', [1, 5])
@pytest.mark.parametrize('equal_priors', [False, True])
def test_grey_level_alone_does_not_tell_the_phase(sample, window,
                                                  equal_priors):
    counts = np.zeros((3, 256))
    for image, mask in zip(*load_split(sample, 'train'), strict=True):
        grey = cv2.blur(image, (window, window))
        for phase in range(3):
            counts[phase] += np.bincount(grey[mask == phase], minlength=256)
    if equal_priors:
        counts /= counts.sum(axis=1, keepdims=True)
    phase_of_grey = counts.argmax(axis=0)

    confusion = np.zeros((3, 3))
    for image, mask in zip(*load_split(sample, 'val'), strict=True):
        guess = phase_of_grey[cv2.blur(image, (window, window))]
        pairs = np.bincount(3 * mask.ravel() + guess.ravel(), minlength=9)
        confusion += pairs.reshape(3, 3)
    hits = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - hits
    assert (hits / union).mean() < 0.40


def test_files_of_a_set(sample):
    names = {f'{kind}/{split}/{split}_{k:03d}.png'
             for kind in ('images', 'masks')
             for split, count in (('train', 10), ('val', 5))
             for k in range(count)}
    assert set(read_bytes(sample)) == names
    images, masks = load_split(sample, 'val')
    assert images.shape == masks.shape == (5, 480, 640)
    assert images.dtype == masks.dtype == np.uint8
    assert set(np.unique(masks)) == {0, 1, 2}
    assert len({image.tobytes() for image in images}) == 5
    # Neither the temporary directory nor anything else is left over.
    assert [path.name for path in sample.parent.iterdir()] == ['set']


def test_images_do_not_depend_on_the_counts(tmp_path):
    few = read_bytes(write_sem_sample(tmp_path / 'few', 1, 1, SMALL))
    many = read_bytes(write_sem_sample(tmp_path / 'many', 3, 2, SMALL))
    other = read_bytes(write_sem_sample(tmp_path / 'other', 1, 1, SMALL,
                                        seed=1))
    assert (len(few), len(many)) == (4, 10)
    for name, content in few.items():
        assert many[name] == content
        assert other[name] != content
    assert few['images/train/train_000.png'] != few['images/val/val_000.png']


def test_another_microscope(tmp_path):
    """Darker, of lower contrast, and its images are none of the others."""
    root = write_sem_sample(tmp_path / 'set', 2, 0, (128, 160), num_target=2,
                            num_test=1)
    assert len(read_bytes(root)) == 10
    (usual, masks), (other, others) = (
        load_split(root, split) for split in ('train', 'target'))
    assert masks.tobytes() != others.tobytes()
    assert other.mean() < usual.mean() - 20
    assert other.std() < 0.8 * usual.std()
    # the same section: no sharper, and noisier for its contrast
    seen, truth = render_sem(3, (128, 160), 0)
    again, same = render_sem(3, (128, 160), 0, OTHER)
    assert truth.tobytes() == same.tobytes()
    assert np.corrcoef(seen.ravel(), again.ravel())[0, 1] > 0.5
    plain = render_sem(3, (128, 160), 0, Microscope(blur=OTHER.blur))[0]
    noisy = render_sem(3, (128, 160), 0, Microscope(
        blur=OTHER.blur, dose=OTHER.dose))[0]
    steps = [np.abs(np.diff(image.astype(float))).mean()
             for image in (seen, plain, noisy)]
    assert steps[1] < steps[0]  # less sharp
    assert steps[1] < steps[2]


def test_progress_counts_to_the_total(tmp_path):
    calls = []
    write_sem_sample(tmp_path, 2, 1, SMALL,
                     progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize('kind', ['images', 'masks'])
def test_refuses_to_mix_with_other_files(tmp_path, kind):
    (tmp_path / kind).mkdir()
    (tmp_path / kind / 'mine.png').write_bytes(b'precious')
    with pytest.raises(FileExistsError, match=r'mine\.png.*delete'):
        write_sem_sample(tmp_path, 1, 0, SMALL)
    assert set(read_bytes(tmp_path)) == {f'{kind}/mine.png'}


def test_writes_beside_other_files_and_into_empty_directories(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'notes.txt').write_text('keep me')
    assert write_sem_sample(str(tmp_path), 1, 0, SMALL) == tmp_path
    assert (tmp_path / 'notes.txt').read_text() == 'keep me'
    assert len(read_bytes(tmp_path)) == 2


def test_an_interrupted_run_leaves_no_half_set(tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sem_sample(tmp_path / 'set', 2, 1, SMALL, progress=interrupt)
    assert not list((tmp_path / 'set').iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ['set']


@pytest.mark.parametrize('name, value', [('size', (63, 640)),
                                         ('size', (480, 640, 3)),
                                         ('band', -1), ('seed', -1),
                                         ('num_train', -1),
                                         ('num_val', -2)])
def test_bad_arguments_are_named(tmp_path, name, value):
    with pytest.raises(ValueError, match=f'^{name}=.*must be'):
        write_sem_sample(tmp_path / 'set', **{name: value})
    assert not (tmp_path / 'set').exists()
    if not name.startswith('num'):
        with pytest.raises(ValueError, match=f'^{name}=.*must be'):
            render_sem(**{'seed': 0, name: value})
