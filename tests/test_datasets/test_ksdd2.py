"""KolektorSDD2 on real files: layout, hold-out, labels, borrowed masks."""
import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmseg_ext.datasets import KSDD2ClassificationDataset, KSDD2Dataset

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadBinaryAnnotations'),
    dict(type='PackSegInputs',
         meta_keys=('defective', 'output_name', 'ori_shape')),
]
CLASSIFIER_PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpretrain.PackInputs', meta_keys=('defective',
                                                  'output_name')),
]
# number of defective and of clean images
COUNTS = dict(train=(10, 20), test=(3, 5))


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmseg')


def build(root, split='train', **kwargs) -> KSDD2Dataset:
    return KSDD2Dataset(
        **dict(dict(data_root=str(root), split=split, pipeline=PIPELINE,
                    val_ratio=0.2), **kwargs))


def build_classifier(root, split='train', **kwargs):
    return KSDD2ClassificationDataset(
        **dict(dict(data_root=str(root), split=split, val_ratio=0.2,
                    pipeline=CLASSIFIER_PIPELINE), **kwargs))


def write(path, picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def mask_of(defective: bool, width: int = 4) -> np.ndarray:
    mask = np.zeros((6, width), np.uint8)
    mask[1, 2] = 255 * defective
    return mask


@pytest.fixture
def root(tmp_path):
    """The published layout with its copies; sizes and kinds alternate."""
    home = tmp_path / 'data'
    for part, first in (('train', 10000), ('test', 20000)):
        defective, clean = COUNTS[part]
        for i in range(defective + clean):
            bad, width = i < defective, 4 + i % 3
            image = np.full((6, width, 3), 100, np.uint8)
            write(home / part / f'{first + i}.png', image)
            write(home / part / f'{first + i}_GT.png', mask_of(bad, width))
    write(home / 'train/10001 (copy).png', image)
    write(home / 'train/10001_GT (copy).png', mask_of(True))
    return home


def names(dataset) -> list:
    return [dataset.get_data_info(i)['output_name']
            for i in range(len(dataset))]


def kinds(dataset) -> dict:
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {info['output_name']: info['defective'] for info in infos}


def write_labels(path, root, parts=('train', 'test'), form='{},{}') -> str:
    """Write the labels of all images as a CSV file."""
    first = dict(train=10000, test=20000)
    rows = [form.format(f'{part}/{first[part] + i}.png',
                        int(i < COUNTS[part][0]))
            for part in parts for i in range(sum(COUNTS[part]))]
    path.write_text('\n'.join(['image,label', *rows]), encoding='utf-8')
    return str(path)


def remove_masks(root, part='train') -> None:
    for path in (root / part).glob('*_GT*.png'):
        path.unlink()


def test_samples_carry_what_metrics_need(root):
    dataset = build(root, 'test')
    assert dataset.metainfo['classes'] == ('background', 'defect')
    shapes = set()
    for sample in dataset:
        data = sample['data_samples']
        truth = data.gt_sem_seg.data[0]
        assert sample['inputs'].shape[1:] == truth.shape == data.ori_shape
        assert truth.sum() == data.defective
        shapes.add(data.ori_shape)
    assert shapes == {(6, 4), (6, 5), (6, 6)}
    assert names(dataset) == [f'test/{20000 + i}' for i in range(8)]
    assert sum(kinds(dataset).values()) == 3


def test_samples_of_a_classifier(root):
    dataset = build_classifier(root, 'test')
    assert dataset.metainfo['classes'] == ('clean', 'defective')
    labels = []
    for sample in dataset:
        data = sample['data_samples']
        assert int(data.gt_label) == data.defective
        labels.append(int(data.gt_label))
    assert labels == [1, 1, 1, 0, 0, 0, 0, 0]


def test_copies_are_not_used(root):
    used = names(build(root)) + names(build(root, 'val'))
    assert sorted(used) == [f'train/{10000 + i}' for i in range(30)]


def test_hold_out_is_stratified_and_the_same_every_time(root):
    train, val = (kinds(build(root, split)) for split in ('train', 'val'))
    assert (sum(train.values()), len(train)) == (8, 24)
    assert (sum(val.values()), len(val)) == (2, 6)
    assert not set(train) & set(val)
    assert kinds(build_classifier(root)) == train
    assert kinds(build_classifier(root, 'val')) == val
    assert names(build(root, 'val', seed=1)) != list(val)
    assert names(build(root, 'test', seed=1)) == names(build(root, 'test'))


@pytest.mark.parametrize('val_ratio', [0.01, 0.05, 0.15, 1 / 3, 0.5, 0.99])
def test_no_image_is_lost_to_rounding(root, val_ratio):
    parts = []
    for split in ('train', 'val'):
        try:
            parts += names(build(root, split, val_ratio=val_ratio))
        except ValueError as error:
            assert f'none for split={split!r}' in str(error)
    assert len(parts) == len(set(parts)) == 30


def test_without_a_hold_out(root):
    assert len(build(root, val_ratio=0)) == 30
    with pytest.raises(ValueError, match='val_ratio=0 of 30 images leaves'):
        build(root, 'val', val_ratio=0)


def test_names_need_not_be_numbers(root):
    write(root / 'train/left side.PNG', np.zeros((6, 4, 3), np.uint8))
    write(root / 'train/left side_GT.png', mask_of(True))
    assert len(build(root, val_ratio=0)) == 31
    assert 'train/left side' in names(build(root, val_ratio=0))


def test_no_data_names_the_layout_and_the_sample(tmp_path):
    for dataset in (build, build_classifier):
        with pytest.raises(FileNotFoundError) as error:
            dataset(tmp_path / 'nowhere')
        for wanted in ('train/10000_GT.png', '--data-root',
                       'make_sample ksdd2'):
            assert wanted in str(error.value)


@pytest.mark.parametrize('dataset', [build, build_classifier])
def test_missing_mask_is_named(root, dataset):
    (root / 'train/10003_GT.png').unlink()
    with pytest.raises(FileNotFoundError,
                       match=r'no mask for 1 image \(train/10003\) of 30'):
        dataset(root)
    assert len(dataset(root, 'test')) == 8


def test_extra_mask_is_named(root):
    write(root / 'train/10077_GT.png', mask_of(True))
    with pytest.raises(ValueError,
                       match=r'1 mask without .*train/10077_GT\.png'):
        build(root)


def test_mask_of_another_size_is_named(root):
    write(root / 'test/20003_GT.png', np.zeros((6, 9), np.uint8))
    with pytest.raises(ValueError, match=r'20003\.png is 4 x 6 .*is 9 x 6'):
        build(root, 'test')[3]


@pytest.mark.parametrize('dataset', [build, build_classifier])
def test_unreadable_mask_is_named(root, dataset):
    (root / 'train/10003_GT.png').write_bytes(b'no picture')
    with pytest.raises(ValueError, match=r'10003_GT\.png cannot be read'):
        dataset(root)


@pytest.mark.parametrize('kwargs', [
    dict(split='training'),
    dict(val_ratio=1),
    dict(val_ratio=-0.1),
    dict(data_prefix=dict(img_path='train')),
    dict(metainfo=dict(classes=('a', 'b', 'c'))),
])
@pytest.mark.parametrize('dataset', [build, build_classifier])
def test_bad_arguments(root, dataset, kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        dataset(root, **kwargs)


def test_a_list_in_place_of_the_hold_out(root, tmp_path):
    path = tmp_path / 'fold.txt'
    path.write_text('train/10003.png\ntrain/10000\n')
    for split in ('train', 'val'):
        assert kinds(build(root, split, ann_file=str(path))) == {
            'train/10003': COUNTS['train'][0] > 3, 'train/10000': True}
    with pytest.raises(FileNotFoundError, match='2 images that are not in'):
        build(root, 'test', ann_file=str(path))
    with pytest.raises(FileNotFoundError, match='without ann_file the split'):
        build(root, ann_file=str(tmp_path / 'none.txt'))


def test_other_names_for_the_classes(root):
    dataset = build(root, metainfo=dict(classes=('sound', 'flaw')))
    assert dataset.metainfo['classes'] == ('sound', 'flaw')
    assert max(s['data_samples'].gt_sem_seg.data.max() for s in dataset) == 1


@pytest.mark.parametrize('form', ['{},{}', '\ufeff{}, {} ', '"{}",{}\r'])
def test_labels_need_no_masks(root, tmp_path, form):
    expected = kinds(build(root)), kinds(build_classifier(root, 'test'))
    path = tmp_path / 'labels.csv'
    write_labels(path, root, form=form.replace('\ufeff', ''))
    if '\ufeff' in form:
        path.write_text('\ufeff' + path.read_text(encoding='utf-8'),
                        encoding='utf-8')
    for part in ('train', 'test'):
        remove_masks(root, part)
    assert kinds(build_classifier(root, labels=str(path))) == expected[0]
    assert kinds(build_classifier(root, 'test',
                                  labels=str(path))) == expected[1]
    with pytest.raises(FileNotFoundError, match='labels=FILE'):
        build_classifier(root)


def test_labels_by_name_without_suffix_and_beside_other_columns(
        root, tmp_path):
    path = tmp_path / 'labels.csv'
    rows = [f'0.5,{"defective" if i < 10 else "clean"},train/{10000 + i}'
            for i in range(30)]
    path.write_text('\n'.join(['score,label,image', *rows]))
    assert kinds(build_classifier(root, labels=str(path))) == kinds(
        build_classifier(root))
    named = build_classifier(
        root, labels=write_labels(path, root, form='{},{}'),
        metainfo=dict(classes=('good', 'bad')))
    assert named.metainfo['classes'] == ('good', 'bad')


def test_a_part_without_labels_has_those_of_its_masks(root, tmp_path):
    labels = write_labels(tmp_path / 'labels.csv', root, parts=['train'])
    remove_masks(root)
    assert len(build_classifier(root, labels=labels)) == 24
    assert sum(kinds(build_classifier(root, 'test',
                                      labels=labels)).values()) == 3
    remove_masks(root, 'test')
    with pytest.raises(FileNotFoundError, match=r'test; .*images in test/'):
        build_classifier(root, 'test', labels=labels)


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ('image,label', 'file,label', 'must have the columns image and label'),
    ('10003.png,1', '10003.png,2', r"line 5: '2' is no label; .* clean"),
    ('10003.png,1', '10003.png', r"line 5: '' is no label"),
    ('10003.png', '10002.png', r"line 5: 'train/10002.png' is named a sec"),
    ('train/10003.png', '10003.png', "'10003.png' is not in train or test"),
    ('10003.png', '10099.png', r'train/10099\) is not in the data'),
    ('train/10003.png,1\n', '', r'\(train/10003\) is not in .*labels\.csv'),
])
def test_labels_that_do_not_fit(root, tmp_path, old, new, message):
    path = tmp_path / 'labels.csv'
    write_labels(path, root)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=message):
        build_classifier(root, labels=str(path))


def test_labels_of_another_encoding(root, tmp_path):
    path = tmp_path / 'labels.csv'
    path.write_bytes('image,label\n가.png,1'.encode('cp949'))
    with pytest.raises(ValueError, match=r'labels\.csv is not UTF-8'):
        build_classifier(root, labels=str(path))


def test_clean_images_need_no_mask_if_labels_say_so(root, tmp_path):
    labels = write_labels(tmp_path / 'labels.csv', root)
    for i in range(10, 30):
        (root / f'train/{10000 + i}_GT.png').unlink()
    dataset = build(root, labels=labels)
    truths = [int(s['data_samples'].gt_sem_seg.data.sum()) for s in dataset]
    assert truths == list(kinds(dataset).values())
    (root / 'train/10003_GT.png').unlink()
    with pytest.raises(FileNotFoundError,
                       match=r'\(train/10003\) labelled defective'):
        build(root, labels=labels, val_ratio=0)


def test_mask_against_label(root, tmp_path):
    labels = write_labels(tmp_path / 'labels.csv', root)
    write(root / 'train/10012_GT.png', mask_of(True))
    with pytest.raises(ValueError, match=r'1 mask .*10012_GT\.png'):
        build(root, labels=labels, val_ratio=0)


@pytest.fixture
def mask_dir(root, tmp_path):
    """Masks of another pixel for all defective images but two."""
    folder = tmp_path / 'made'
    for i in range(10):
        mask = np.zeros((6, 4 + i % 3), np.uint8)
        mask[4, 3] = 255 * (i != 5)  # 5 is empty
        if i != 6:
            write(folder / f'{10000 + i}_GT.png', mask)
    write(folder / 'contact sheet.png', mask)
    return folder


def test_masks_from_another_folder(root, mask_dir):
    # the hold-out stays that of the ground truth
    for split, count in (('train', 24), ('val', 6)):
        true = kinds(build(root, split))
        made = build(root, split, mask_dir=str(mask_dir))
        lost = {'train/10005', 'train/10006'} & set(true)
        assert kinds(made) == {name: kind for name, kind in true.items()
                               if name not in lost}
        assert len(made) == count - len(lost)
        for sample in made:
            data = sample['data_samples']
            truth = data.gt_sem_seg.data[0]
            assert truth.sum() == truth[4, 3] == data.defective
    test = build(root, 'test', mask_dir=str(mask_dir))
    assert all(s['data_samples'].gt_sem_seg.data[0, 1, 2]
               == s['data_samples'].defective for s in test)


def test_masks_from_another_folder_and_no_others(root, mask_dir, tmp_path):
    labels = write_labels(tmp_path / 'labels.csv', root, parts=['train'])
    expected = names(build(root, mask_dir=str(mask_dir)))
    remove_masks(root)
    assert names(build(root, mask_dir=str(mask_dir),
                       labels=labels)) == expected
    assert len(build(root, 'test', mask_dir=str(mask_dir),
                     labels=labels)) == 8
    # without labels, every image needs one of these masks
    with pytest.raises(FileNotFoundError, match=r'21 images .*made; .*labels'):
        build(root, mask_dir=str(mask_dir))
    for i in range(10, 30):
        write(mask_dir / f'{10000 + i}_GT.png', mask_of(False, 4 + i % 3))
    write(mask_dir / '10006_GT.png', mask_of(True))
    everything = build(root, mask_dir=str(mask_dir), val_ratio=0)
    assert sum(kinds(everything).values()) == 9  # the empty one is clean now


def test_folder_without_masks(root, tmp_path):
    with pytest.raises(FileNotFoundError,
                       match=r'holds no mask of these 24 .*0_GT\.png'):
        build(root, mask_dir=str(tmp_path / 'nowhere'))


def test_made_mask_against_label(root, mask_dir):
    write(mask_dir / '10012_GT.png', mask_of(True))
    with pytest.raises(ValueError, match=r'1 mask .*made/10012_GT\.png'):
        build(root, mask_dir=str(mask_dir), val_ratio=0)


@pytest.mark.shared_data
def test_real_surfaces(ksdd2_layout):
    parts = {split: build(ksdd2_layout, split, val_ratio=0.15)
             for split in ('train', 'val', 'test')}
    assert {split: (sum(kinds(dataset).values()), len(dataset))
            for split, dataset in parts.items()} == dict(
                train=(29, 77), val=(5, 13), test=(18, 48))
    for sample in parts['val']:
        data = sample['data_samples']
        assert bool(data.gt_sem_seg.data.any()) == data.defective


@pytest.fixture
def ksdd2_layout(repository):
    root = repository.parent / 'shared/data/ksdd2_layout'
    if not root.is_dir():
        pytest.skip(f'needs real surfaces in {root}')
    return root


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
@pytest.mark.parametrize('sign', [',', ';', '\t'])
def test_labels_as_spreadsheets_write_them(root, tmp_path, encoding, sign):
    path = tmp_path / 'labels.csv'
    write_labels(path, root)
    text = path.read_text().replace(',', sign).replace('/', '\\').replace(
        'image', ' image ')
    path.write_text(text, encoding=encoding, newline='\r\n')
    remove_masks(root)
    assert len(build_classifier(root, labels=str(path))) == 24


def test_labels_without_a_header(root, tmp_path):
    path = tmp_path / 'labels.csv'
    path.write_text('train/10000.png,1\n')
    with pytest.raises(ValueError, match=(
            r'labels\.csv must have the columns .* first line "image,label" '
            r'.*its first line is .train/10000\.png,1')):
        build_classifier(root, labels=str(path))


def test_where_labels_are_looked_for(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=(
            rf'there is no {tmp_path}/labels\.csv\. .*not in the data')):
        build_classifier(root, labels='labels.csv')
    write_labels(root / 'labels.csv', root)
    with pytest.raises(FileNotFoundError, match=(
            rf'There is {root}/labels\.csv: name that')):
        build_classifier(root, labels='labels.csv')
@pytest.mark.parametrize('built', [build, build_classifier])
def test_links_to_nothing_are_named_before_training(root, built):
    path = root / 'train/10000.png'
    path.unlink()
    path.symlink_to('/annex/10000.png')
    with pytest.raises(FileNotFoundError, match=r'1 file is a link to what '
                       r'is not there: .*10000\.png\. .*dvc pull'):
        len(built(root))
    assert len(built(root, 'test'))
