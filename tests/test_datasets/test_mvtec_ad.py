"""MVTecADDataset on real files: layout, splits, and what is refused."""
import shutil

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmseg_ext.basics.splits import read_split, write_split
from mmseg_ext.datasets import MVTecADDataset
from mmseg_ext.datasets.mvtec_layout import (
    PUBLISHED_COUNTS,
    incomplete_categories,
    list_images,
)

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadBinaryAnnotations'),
    dict(type='PackSegInputs',
         meta_keys=('category', 'defect_type', 'output_name', 'ori_shape')),
]
DEFECTS = ('bent', 'cut')


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmseg')


def build(root, split='train', **kwargs) -> MVTecADDataset:
    return MVTecADDataset(
        **dict(dict(data_root=str(root), split=split, pipeline=PIPELINE),
               **kwargs))


def write(path, picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


@pytest.fixture
def root(tmp_path):
    """Two categories, one grey, of 10 + 5 good and 5 of each defect."""
    for category, shape in (('cable', (4, 6, 3)), ('grid', (4, 6))):
        home = tmp_path / 'data' / category
        image = np.full(shape, 100, np.uint8)
        mask = np.zeros((4, 6), np.uint8)
        mask[1, 2] = 255
        for part, number in (('train', 10), ('test', 5)):
            for i in range(number):
                write(home / part / f'good/{i:03d}.png', image)
        for defect in DEFECTS:
            for i in range(5):
                write(home / f'test/{defect}/{i:03d}.png', image)
                write(home / f'ground_truth/{defect}/{i:03d}_mask.png', mask)
    return tmp_path / 'data'


def names(dataset) -> list:
    return [dataset.get_data_info(i)['output_name']
            for i in range(len(dataset))]


def test_samples_carry_what_metrics_need(root):
    dataset = build(root, 'test')
    assert dataset.metainfo['classes'] == ('background', 'anomaly')
    seen = set()
    for sample in dataset:
        assert sample['inputs'].shape == (3, 4, 6)  # grey and colour alike
        data = sample['data_samples']
        truth = data.gt_sem_seg.data[0]
        assert truth.shape == data.ori_shape == (4, 6)
        assert truth.sum() == (data.defect_type != 'good')
        category, _, defect_type, _ = data.output_name.split('/')
        assert (category, defect_type) == (data.category, data.defect_type)
        seen.add((data.category, data.defect_type))
    assert seen == {(c, d) for c in ('cable', 'grid')
                    for d in ('good', *DEFECTS)}


def test_pooled_split(root):
    parts = [names(build(root, split)) for split in ('train', 'val', 'test')]
    everything = [name for part in parts for name in part]
    assert len(set(everything)) == len(everything) == 2 * 25
    for part, good, bent in zip(parts, (9, 3, 3), (3, 1, 1)):
        for category in ('cable', 'grid'):
            mine = [n for n in part if n.startswith(category)]
            assert sum('/good/' in name for name in mine) == good
            assert sum('/bent/' in name for name in mine) == bent
    assert names(build(root)) == parts[0]
    assert names(build(root, seed=1)) != parts[0]


def test_official_split(root):
    train = build(root, protocol='official')
    assert {n.split('/', 1)[1][:10] for n in names(train)} == {'train/good'}
    assert len(train) == 20
    test = build(root, 'test', protocol='official')
    assert len(test) == 30
    assert all(name.split('/')[1] == 'test' for name in names(test))
    with pytest.raises(ValueError, match='no validation'):
        build(root, 'val', protocol='official')


def test_categories(root):
    for one in ('grid', ['grid']):
        dataset = build(root, categories=one)
        assert all(name.startswith('grid/') for name in names(dataset))
    everything = names(build(root, categories=['grid', 'cable']))
    assert everything == names(build(root))
    # a category is split the same way beside others and alone
    assert set(names(build(root, categories='grid'))) < set(everything)
    with pytest.raises(FileNotFoundError,
                       match=r'no category Cable; it has cable, grid'):
        build(root, categories='Cable')
    for wrong in ([], ['grid', 'grid']):
        with pytest.raises(ValueError, match='categories'):
            build(root, categories=wrong)
    with pytest.raises(ValueError, match=r"one category.*\['grid'\]"):
        build(root / 'grid')


def test_no_data_names_the_layout_and_the_sample(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        build(tmp_path / 'nowhere')
    for wanted in ('train/good/000.png', '--data-root',
                   'make_sample mvtec'):
        assert wanted in str(error.value)
    (tmp_path / 'empty/train').mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match='No images'):
        build(tmp_path)


def test_missing_mask_is_named(root):
    (root / 'grid/ground_truth/cut/003_mask.png').unlink()
    with pytest.raises(FileNotFoundError,
                       match=r'1 defective image of grid.*cut/003\.png'):
        build(root)
    assert len(build(root, categories='cable')) == 15


@pytest.mark.parametrize('name', ['cut/077_mask.png', 'good/000_mask.png',
                                  'cut/003.png'])
def test_extra_mask_is_named(root, name):
    write(root / 'grid/ground_truth' / name, np.zeros((4, 6), np.uint8))
    with pytest.raises(ValueError, match=f'1 mask of grid.*{name}'):
        build(root)


@pytest.mark.parametrize('name', ['test/000.png', 'train/cut/000.png',
                                  'test/cut/deep/000.png'])
def test_image_in_the_wrong_place_is_named(root, name):
    write(root / 'grid' / name, np.zeros((4, 6), np.uint8))
    with pytest.raises(ValueError, match=f'grid/{name} is not where'):
        build(root)


def test_split_files(root, tmp_path):
    images = list_images(str(root))
    parts = dict(train=sorted(images)[:30], val=[], test=sorted(images)[30:])
    write_split(tmp_path / 's', parts)
    dataset = build(root, 'test', split_dir=str(tmp_path / 's'),
                    categories='grid')
    assert names(dataset) == [n[:-4] for n in parts['test']
                              if n.startswith('grid')]
    with pytest.raises(ValueError, match=r'test\.txt names no image of cable'):
        build(root, 'test', split_dir=str(tmp_path / 's'))
    (tmp_path / 's/val.txt').unlink()
    with pytest.raises(FileNotFoundError, match=r'no .*val\.txt'):
        build(root, 'val', split_dir=str(tmp_path / 's'))
    assert set(read_split(tmp_path / 's')) == {'train', 'test'}
    (root / 'grid/test/good/004.png').unlink()
    with pytest.raises(FileNotFoundError,
                       match=r'1 image .*grid/test/good/004\.png'):
        build(root, 'test', split_dir=str(tmp_path / 's'), categories='grid')


def test_a_list_in_place_of_the_split(root, tmp_path):
    path = tmp_path / 'fold.txt'
    path.write_text('grid/test/bent/003\ncable/train/good/001.png\n')
    dataset = build(root, ann_file=str(path))
    assert names(dataset) == ['grid/test/bent/003', 'cable/train/good/001']
    assert [sample['data_samples'].gt_sem_seg.data.any()
            for sample in dataset] == [True, False]
    with pytest.raises(FileNotFoundError, match='2 images that are not in'):
        build(root, categories=['cable'], ann_file=write_lines(
            tmp_path, 'grid/test/bent/003', 'cable/train/bent/001'))
    with pytest.raises(FileNotFoundError, match='without ann_file the split'):
        build(root, ann_file=str(tmp_path / 'none.txt'))


def write_lines(folder, *lines) -> str:
    (folder / 'lines.txt').write_text('\n'.join(lines))
    return str(folder / 'lines.txt')


@pytest.mark.parametrize('kwargs', [
    dict(split='training'),
    dict(protocol='one-class'),
    dict(img_suffix='.png'),
    dict(reduce_zero_label=True),
    dict(metainfo=dict(classes=('a', 'b', 'c'))),
])
def test_bad_arguments(root, kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        build(root, **kwargs)


def test_other_names_for_the_classes(root):
    dataset = build(root, metainfo=dict(classes=('sound', 'defect')))
    assert dataset.metainfo['classes'] == ('sound', 'defect')
    assert max(s['data_samples'].gt_sem_seg.data.max() for s in dataset) == 1


def test_published_counts(root):
    # 3629 + 467 good and 1258 defective images, as the paper on DPT says
    totals = [sum(column) for column in zip(*PUBLISHED_COUNTS.values())]
    assert totals == [3629, 467, 1258]
    lines = incomplete_categories(list_images(str(root)))
    assert [line.split(':')[0] for line in lines] == ['cable', 'grid']
    assert '(10, 5, 10), as published (224, 58, 92)' in lines[0]
    shutil.copytree(root / 'grid', root / 'ours')
    assert len(incomplete_categories(list_images(str(root), 'ours'))) == 0


@pytest.mark.shared_data
def test_real_transistor(mvtec_root):
    parts = {split: build(mvtec_root, split, categories='transistor')
             for split in ('train', 'val', 'test')}
    assert {s: len(d) for s, d in parts.items()} == dict(
        train=36, val=12, test=12)
    for sample in parts['test']:
        data = sample['data_samples']
        assert bool(data.gt_sem_seg.data.any()) == (data.defect_type != 'good')


def test_links_to_nothing_are_named_before_training(root):
    path = root / 'grid/train/good/000.png'
    path.unlink()
    path.symlink_to('/annex/000.png')
    with pytest.raises(FileNotFoundError, match=r'1 file is a link to what '
                       r'is not there: .*good/000\.png\. .*dvc pull'):
        len(build(root, protocol='official'))
    assert len(build(root, 'test', protocol='official'))
