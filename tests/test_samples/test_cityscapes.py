"""Tests of the synthetic set in the layout of Cityscapes."""
import time

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.samples import (
    CITYSCAPES_CLASSES,
    render_cityscapes,
    write_cityscapes_sample,
)

SMALL = (64, 128)
# Id and train id in Cityscapes' own table (labels.py).
TABLE = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9,
         23: 10, 24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17,
         33: 18}
VOID = {0, 1, 3, 4}  # unlabelled, ego vehicle, out of roi, static
RARE = [CITYSCAPES_CLASSES.index(name) for name in (
    'wall', 'fence', 'pole', 'traffic light', 'traffic sign', 'terrain',
    'person', 'rider', 'truck', 'bus', 'train', 'motorcycle', 'bicycle')]
PERSON, CAR = 11, 13
THINGS = range(11, 19)


@pytest.fixture(scope='module')
def sample(tmp_path_factory):
    """Return the root of a set, smaller than the default one."""
    root = tmp_path_factory.mktemp('cityscapes') / 'set'
    return write_cityscapes_sample(root, 24, 12)


def load(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def load_split(root, split):
    """Return the RGB images and the train ids of a split."""
    paths = sorted(root.glob(f'gtFine/{split}/*/*_labelTrainIds.png'))
    images = []
    for path in paths:
        name = path.name.replace('gtFine_labelTrainIds', 'leftImg8bit')
        images.append(load(root / 'leftImg8bit' / split / path.parent.name
                           / name)[..., ::-1])
    return np.stack(images), np.stack([load(path) for path in paths])


def read_bytes(root):
    return {path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob('*.png')}


def heights(masks, label):
    """Return the heights of all separate areas of a class."""
    found = []
    for mask in masks:
        stats = cv2.connectedComponentsWithStats(
            (mask == label).astype(np.uint8))[2][1:]
        found += stats[stats[:, cv2.CC_STAT_AREA] >= 8,
                       cv2.CC_STAT_HEIGHT].tolist()
    return np.array(found)


def test_files_of_a_set(tmp_path):
    root = write_cityscapes_sample(tmp_path / 'set', 3, 2, SMALL)
    places = ['train/ahlhausen/ahlhausen_000000_000019',
              'train/borgstedt/borgstedt_000000_000019',
              'train/ahlhausen/ahlhausen_000001_000019',
              'val/carlsfurt/carlsfurt_000000_000019',
              'val/carlsfurt/carlsfurt_000001_000019']
    names = {f'leftImg8bit/{place}_leftImg8bit.png' for place in places}
    names |= {f'gtFine/{place}_gtFine_{kind}.png' for place in places
              for kind in ('labelIds', 'labelTrainIds')}
    assert {path.relative_to(root).as_posix()
            for path in root.rglob('*') if path.is_file()} == names
    assert [path.name for path in tmp_path.iterdir()] == ['set']


def test_ids_agree_with_train_ids(sample):
    seen = set()
    for path in sample.glob('gtFine/*/*/*_labelIds.png'):
        ids = load(path)
        train_ids = load(path.with_name(
            path.name.replace('labelIds', 'labelTrainIds')))
        assert ids.shape == train_ids.shape == (256, 512)
        assert ids.dtype == train_ids.dtype == np.uint8
        for label in np.unique(ids).tolist():
            assert label in TABLE or label in VOID
            assert set(train_ids[ids == label]) == {TABLE.get(label, 255)}
            seen.add(label)
    assert seen == set(TABLE) | VOID


@pytest.mark.parametrize('split, count', [('train', 24), ('val', 12)])
def test_mmseg_reads_the_set(sample, split, count):
    init_default_scope('mmseg')
    dataset = DATASETS.build(dict(
        type='CityscapesDataset',
        data_root=str(sample),
        data_prefix=dict(img_path=f'leftImg8bit/{split}',
                         seg_map_path=f'gtFine/{split}'),
        pipeline=[dict(type='LoadImageFromFile'),
                  dict(type='LoadAnnotations')]))
    assert len(dataset) == count
    assert dataset.metainfo['classes'] == CITYSCAPES_CLASSES
    item = dataset[count - 1]
    assert item['img'].shape == (256, 512, 3)
    assert set(np.unique(item['gt_seg_map'])) <= {*range(19), 255}


@pytest.mark.parametrize('split', ['train', 'val'])
def test_fractions_of_the_classes(sample, split):
    _, masks = load_split(sample, split)
    fractions = np.bincount(masks.ravel(), minlength=256) / masks.size
    assert (fractions[RARE] >= 0.001).all()
    assert (fractions[:19] > 0).all()
    # Road, building, vegetation and sky are most of it, as in real streets.
    assert fractions[[0, 2, 8, 10]].sum() > 0.5
    assert fractions[[6, 7, 12, 17, 18]].max() < 0.03
    assert 0.02 < fractions[255] < 0.15


@pytest.mark.parametrize('seed', range(3))
def test_six_small_pictures_show_all_classes(tmp_path, seed):
    root = write_cityscapes_sample(tmp_path, 6, 0, SMALL, seed)
    _, masks = load_split(root, 'train')
    assert set(np.unique(masks)) == {*range(19), 255}


@pytest.mark.parametrize('name', CITYSCAPES_CLASSES)
def test_what_is_featured_is_seen(name):
    label = CITYSCAPES_CLASSES.index(name)
    for seed in range(3):
        _, mask = render_cityscapes(seed, SMALL, featured=[name])
        assert (mask == label).sum() >= 4


def test_things_vary_in_scale(sample):
    masks = np.concatenate([load_split(sample, split)[1]
                            for split in ('train', 'val')])
    for label in (PERSON, CAR):
        found = heights(masks, label)
        low, high = np.quantile(found, (0.1, 0.95))
        assert low < 16
        assert high > 50
        assert high / low > 4


def test_things_vary_in_pose(sample):
    _, masks = load_split(sample, 'train')
    for label, spread in ((PERSON, 0.15), (CAR, 0.3)):
        aspects = []
        for mask in masks:
            stats = cv2.connectedComponentsWithStats(
                (mask == label).astype(np.uint8))[2][1:]
            stats = stats[stats[:, cv2.CC_STAT_AREA] > 60]
            aspects += (stats[:, cv2.CC_STAT_WIDTH]
                        / stats[:, cv2.CC_STAT_HEIGHT]).tolist()
        assert np.std(np.log(aspects)) > spread


def test_colour_alone_does_not_give_a_thing_away(sample):
    (train, masks), (images, truth) = (
        [array[:, ::2, ::2] for array in load_split(sample, split)]
        for split in ('train', 'val'))
    means = np.stack([train[masks == label].mean(axis=0)
                      for label in range(19)])
    away = np.stack([((images - mean)**2).sum(axis=-1) for mean in means])
    guess = away.argmin(axis=0)
    recalls = [(guess[truth == label] == label).mean() for label in THINGS]
    assert np.mean(recalls) < 0.2
    # The best that any table of colours, learnt on both splits, can do.
    images, truth = np.concatenate([train, images]), np.concatenate(
        [masks, truth])
    kept = np.isin(truth, THINGS)
    bins = (images[kept] // 32).astype(int) @ (64, 8, 1)
    counts = np.bincount(
        512 * truth[kept].astype(int) + bins, minlength=19 * 512)
    counts = counts.reshape(19, 512)
    counts = counts[11:] / counts[11:].sum(axis=1, keepdims=True)
    recall = (counts * (counts == counts.max(axis=0))).sum(axis=1)
    assert recall.mean() < 0.4


def test_pictures_are_rgb():
    for seed in range(4):
        image, mask = render_cityscapes(seed)
        red, _, blue = image[mask == 10].mean(axis=0)
        assert red < blue + 8  # the sky is blue or grey
        assert image.std() > 20


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('size', [(64, 64), (97, 301), (300, 100),
                                  [256, 512]])
def test_shapes_and_values(size):
    for seed in range(2):
        image, mask = render_cityscapes(seed, size, ['train', 'person'])
        assert image.shape == (*size, 3)
        assert mask.shape == tuple(size)
        assert image.dtype == mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {*range(19), 255}


def test_outlines_of_picture_and_labels_coincide():
    """Steps in the picture are where the labels of a large thing end."""
    contrasts = []
    for seed in range(8):
        image, mask = render_cityscapes(seed, featured=['train', 'bus'])
        grey = image.mean(axis=-1)
        # A step to the left and right of the border, and 4 pixels inside.
        border = np.isin(mask[:, :-1], (15, 16)) & (mask[:, 1:] == 10)
        y, x = np.nonzero(border[:, 6:-6])
        step = np.abs(np.diff(grey, axis=1))
        contrasts.append((step[y, x + 6].sum(), step[y, x + 1].sum(),
                          step[y, x + 11].sum()))
    at, inside, outside = np.sum(contrasts, axis=0)
    assert at > 2 * max(inside, outside)


def test_pictures_depend_on_seed_and_place_but_not_on_counts(tmp_path):
    few = read_bytes(write_cityscapes_sample(tmp_path / 'few', 2, 1, SMALL))
    many = read_bytes(write_cityscapes_sample(tmp_path / 'many', 3, 2, SMALL))
    other = read_bytes(write_cityscapes_sample(tmp_path / 'other', 2, 1,
                                               SMALL, seed=1))
    assert (len(few), len(many)) == (9, 15)
    assert len(set(many.values())) == len(many)
    for name, content in few.items():
        assert many[name] == content
        assert other[name] != content


def test_progress_counts_to_the_total(tmp_path):
    calls = []
    write_cityscapes_sample(tmp_path, 1, 1, SMALL,
                            progress=lambda *call: calls.append(call))
    assert calls == [(1, 2), (2, 2)]


def test_refuses_to_mix_with_other_files(tmp_path):
    (tmp_path / 'gtFine').mkdir()
    (tmp_path / 'gtFine/mine.png').write_bytes(b'precious')
    with pytest.raises(FileExistsError, match=r'gtFine.*delete'):
        write_cityscapes_sample(tmp_path, 1, 0, SMALL)
    assert not (tmp_path / 'leftImg8bit').exists()


def test_an_interrupted_run_leaves_no_half_set(tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_cityscapes_sample(tmp_path / 'set', 1, 1, SMALL,
                                progress=interrupt)
    assert not list((tmp_path / 'set').iterdir())


@pytest.mark.parametrize('name, value', [
    ('size', (63, 128)), ('size', (64, 64, 3)), ('seed', -1),
    ('num_train', -1), ('num_val', -2)])
def test_bad_arguments_are_named(tmp_path, name, value):
    with pytest.raises(ValueError, match=f'^{name}=.*must be'):
        write_cityscapes_sample(tmp_path / 'set', **{name: value})
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize('name, value, choice', [
    ('size', (64, 63), '64'), ('seed', -1, '0'),
    ('featured', ['tram'], 'train')])
def test_bad_arguments_of_a_picture_are_named(name, value, choice):
    with pytest.raises(ValueError, match=f'^{name}=.*must be.*{choice}'):
        render_cityscapes(**{'seed': 0, name: value})


def test_a_picture_takes_little_time():
    render_cityscapes(0)
    start = time.process_time()
    for seed in range(5):
        render_cityscapes(seed)
    # About 0.1 s each, and more on a busy machine.
    assert (time.process_time() - start) / 5 < 0.5
