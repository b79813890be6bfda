"""Tests of the synthetic set in the layout of MVTec AD."""
import inspect

import cv2
import numpy as np
import pytest

from mmseg_ext.samples import (
    MVTEC_DEFECTS,
    render_mvtec,
    write_mvtec_sample,
)

PAIRS = [(category, defect) for category, defects in MVTEC_DEFECTS.items()
         for defect in defects]
CHANNELS = dict(hex_nut=3, wire_mesh=1)
NUM_GOOD, NUM_DEFECTIVE = 3, 10


@pytest.fixture(scope='module')
def sample(tmp_path_factory):
    root = tmp_path_factory.mktemp('mvtec') / 'set'
    return write_mvtec_sample(root, NUM_GOOD, NUM_DEFECTIVE)


def load(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def load_defective(root, category):
    """Yield the images and masks of all defects of a category."""
    for defect in MVTEC_DEFECTS[category]:
        for path in sorted((root / category / 'test' / defect).iterdir()):
            truth = root / category / 'ground_truth' / defect
            yield load(path), load(truth / f'{path.stem}_mask.png')


def read_bytes(root):
    return {path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob('*.png')}


def test_files_of_a_set(sample):
    names = set()
    for category, defects in MVTEC_DEFECTS.items():
        names |= {f'{category}/train/good/{k:03d}.png' for k in range(3)}
        names |= {f'{category}/test/good/{k:03d}.png' for k in range(2)}
        for defect in defects:
            for k in range(NUM_DEFECTIVE):
                names |= {f'{category}/test/{defect}/{k:03d}.png',
                          f'{category}/ground_truth/{defect}/{k:03d}_mask.png'}
    assert {path.relative_to(sample).as_posix()
            for path in sample.rglob('*') if path.is_file()} == names
    # Neither the temporary directory nor anything else is left over.
    assert [path.name for path in sample.parent.iterdir()] == ['set']


def test_the_pictures_of_a_set(sample):
    contents = []
    for path in sample.rglob('*.png'):
        image = load(path)
        category, folder, _ = path.relative_to(sample).parent.parts
        assert image.dtype == np.uint8
        if folder == 'ground_truth':
            assert image.shape == (256, 256)
            assert set(np.unique(image)) == {0, 255}
            continue
        contents.append(image.tobytes())
        channels = () if CHANNELS[category] == 1 else (CHANNELS[category],)
        assert image.shape == (256, 256, *channels)
    assert len(set(contents)) == len(contents)


def test_the_default_set_can_be_split_6_2_2():
    defaults = {name: parameter.default for name, parameter in
                inspect.signature(write_mvtec_sample).parameters.items()}
    good = defaults['num_good'] + defaults['num_good'] // 2
    assert min(good, defaults['num_defective']) * 2 // 10 >= 2


def test_files_are_rgb_and_steel_is_warmer_than_the_plate(sample):
    file = load(sample / 'hex_nut/train/good/000.png')[..., ::-1]
    for image in (file, render_mvtec('hex_nut', 'good', 0)[0]):
        red, green, blue = image[:20, :20].mean(axis=(0, 1))
        assert red < green < blue
        red, _, blue = image[128, 45:70].mean(axis=0)  # on the nut's face
        assert red > blue


@pytest.mark.parametrize('category, defect', PAIRS)
@pytest.mark.parametrize('size', [128, 256])
def test_masks_mark_what_the_defect_changed(category, defect, size):
    for seed in range(6):
        good, nothing = render_mvtec(category, 'good', seed, size)
        bad, mask = render_mvtec(category, defect, seed, size)
        assert good.shape[:2] == mask.shape == (size, size)
        assert set(np.unique(mask)) == {0, 255}
        assert not nothing.any()
        change = np.abs(good.astype(int) - bad).reshape(size, size, -1)
        change = change.max(axis=-1)
        assert not change[mask == 0].any()
        assert change[mask > 0].mean() > 10
        assert (change[mask > 0] >= 4).mean() > 0.8


def test_defects_are_tiny_to_moderate(sample):
    fractions = [(mask > 0).mean() for category in MVTEC_DEFECTS
                 for _, mask in load_defective(sample, category)]
    assert 0.001 < min(fractions) < 0.004
    assert 0.025 < max(fractions) < 0.05


@pytest.mark.parametrize('category', MVTEC_DEFECTS)
def test_grey_level_alone_does_not_find_the_defects(sample, category):
    counts = np.zeros((CHANNELS[category], 2, 256))  # per truth and level
    for image, mask in load_defective(sample, category):
        pixels = image.reshape(mask.size, -1)
        for channel in range(CHANNELS[category]):
            for truth in (0, 1):
                levels = pixels[(mask.ravel() > 0) == truth, channel]
                counts[channel, truth] += np.bincount(levels, minlength=256)
    best = 0
    for sound, broken in counts:
        # Every threshold, with the defects taken as dark or as bright.
        for order in (slice(None), slice(None, None, -1)):
            hits = np.cumsum(broken[order])
            union = broken.sum() + np.cumsum(sound[order])
            best = max(best, (hits / union).max())
    # Marking everything reaches the fraction of the defects, about 0.01.
    assert 0.005 < best < 0.2


@pytest.mark.parametrize('category, defect', PAIRS)
@pytest.mark.filterwarnings('error')
def test_small_pictures_have_defects_too(category, defect):
    for seed in range(25):
        assert render_mvtec(category, defect, seed, 64)[1].any()


@pytest.mark.parametrize('category', MVTEC_DEFECTS)
def test_odd_and_large_sides(category):
    for size in (97, 700):
        image, mask = render_mvtec(category, 'good', 1, size)
        assert image.shape[:2] == mask.shape == (size, size)
        assert image.std() > 10


def test_pictures_depend_on_seed_and_place_but_not_on_counts(tmp_path):
    few = read_bytes(write_mvtec_sample(tmp_path / 'few', 1, 1, 64))
    many = read_bytes(write_mvtec_sample(tmp_path / 'many', 3, 2, 64))
    other = read_bytes(write_mvtec_sample(tmp_path / 'other', 1, 1, 64,
                                          seed=1))
    assert (len(few), len(many)) == (2 * 6, 2 * 13)
    for name, content in few.items():
        assert many[name] == content
        assert other[name] != content


def test_no_pictures_make_an_empty_layout(tmp_path):
    root = write_mvtec_sample(tmp_path, 0, 0, 64)
    assert not read_bytes(root)
    assert (root / 'wire_mesh/ground_truth/stain').is_dir()


def test_progress_counts_to_the_total(tmp_path):
    calls = []
    write_mvtec_sample(tmp_path, 1, 0, 64,
                       progress=lambda *call: calls.append(call))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize('name', ['hex_nut/train/mine.png', 'wire_mesh/mine',
                                  'wire_mesh'])
def test_refuses_to_mix_with_other_files(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b'precious')
    with pytest.raises(FileExistsError, match=rf'{name[:7]}.*delete'):
        write_mvtec_sample(tmp_path, 1, 0, 64)
    files = [path for path in tmp_path.rglob('*') if path.is_file()]
    assert files == [tmp_path / name]


def test_writes_beside_other_files_and_into_empty_directories(tmp_path):
    (tmp_path / 'wire_mesh').mkdir()
    (tmp_path / 'readme.txt').write_text('keep me')
    assert write_mvtec_sample(str(tmp_path), 1, 0, 64) == tmp_path
    assert (tmp_path / 'readme.txt').read_text() == 'keep me'
    assert len(read_bytes(tmp_path)) == 4


def test_an_interrupted_run_leaves_no_half_set(tmp_path):
    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_mvtec_sample(tmp_path / 'set', 1, 1, 64, progress=interrupt)
    assert not list((tmp_path / 'set').iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ['set']


@pytest.mark.parametrize('name, value', [('size', 63), ('size', (64, 64)),
                                         ('seed', -1), ('num_good', -1),
                                         ('num_defective', -2)])
def test_bad_arguments_are_named(tmp_path, name, value):
    with pytest.raises(ValueError, match=f'^{name}=.*must be'):
        write_mvtec_sample(tmp_path / 'set', **{name: value})
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize('name, value, choice', [
    ('category', 'washer', 'hex_nut'), ('defect_type', 'stain', 'chip'),
    ('size', 63, '64'), ('seed', -1, '0')])
def test_bad_arguments_of_a_picture_are_named(name, value, choice):
    arguments = dict(category='hex_nut', defect_type='chip', seed=0)
    with pytest.raises(ValueError, match=f'^{name}=.*must be.*{choice}'):
        render_mvtec(**{**arguments, name: value})
