"""SEMDataset on real files: layout, pairs, and what is refused."""
import shutil
import unicodedata

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.datasets import SEMDataset
from mmseg_ext.engine import load_config

PIPELINE = [
    dict(type='LoadSEMImageFromFile'),
    dict(type='LoadSEMAnnotations'),
    dict(type='PackSegInputs'),
]


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmseg')


def build(root, split='train', **kwargs) -> SEMDataset:
    return SEMDataset(**dict(
        dict(
            data_root=str(root),
            data_prefix=dict(
                img_path=f'images/{split}', seg_map_path=f'masks/{split}'),
            pipeline=PIPELINE),
        **kwargs))


@pytest.fixture
def root(tmp_path):
    """Two images and masks of 6 x 4 pixels."""
    for kind in ('images', 'masks'):
        (tmp_path / kind / 'train').mkdir(parents=True)
    for name in 'ab':
        cv2.imwrite(str(tmp_path / f'images/train/{name}.png'),
                    np.full((4, 6), 100, np.uint8))
        cv2.imwrite(str(tmp_path / f'masks/train/{name}.png'),
                    np.ones((4, 6), np.uint8))
    return tmp_path


def test_sample(sem_root):
    dataset = build(sem_root, info_band='mask')
    assert len(dataset) == 4
    assert dataset.metainfo['classes'] == ('A', 'B', 'C')
    assert dataset.metainfo['palette'] == [[255, 0, 0], [0, 0, 255],
                                           [0, 255, 0]]
    sample = dataset[0]
    assert sample['inputs'].shape == (3, 96, 128)  # band of 32 rows is off
    truth = sample['data_samples'].gt_sem_seg.data
    assert truth.shape == (1, 96, 128)
    assert set(truth.unique().tolist()) <= {0, 1, 2}
    assert sample['data_samples'].ori_shape == (96, 128)


def test_information_band_needs_the_config(sem_root):
    with pytest.raises(ValueError, match=r"info_band='mask'"):
        build(sem_root)[0]


def test_information_band_in_rows(sem_root):
    assert build(sem_root, info_band=32)[0]['inputs'].shape == (3, 96, 128)
    with pytest.raises(ValueError, match='128 x 118 pixels'):
        build(sem_root, info_band=10)[0]
    with pytest.raises(ValueError, match='leaves nothing'):
        build(sem_root, info_band=128)[0]


def test_other_sizes_do_not_match(root):
    cv2.imwrite(str(root / 'masks/train/a.png'), np.zeros((4, 5), np.uint8))
    with pytest.raises(ValueError, match=r'6 x 4.*5 x 4.*Replace'):
        build(root, info_band='mask')[0]


def test_no_images_name_the_layout_and_the_sample(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        build(tmp_path / 'nowhere')
    for wanted in ('images/train', 'masks/train', '--data-root',
                   'make_sample sem'):
        assert wanted in str(error.value)


def test_missing_mask_is_named(root):
    (root / 'masks/train/b.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'1 of 2 images.*b\.png'):
        build(root)


def test_surplus_mask_is_no_error(root):
    shutil.copy(root / 'masks/train/a.png', root / 'masks/train/c.png')
    assert len(build(root)) == 2


def test_one_name_twice_is_refused(root):
    shutil.copy(root / 'images/train/a.png', root / 'images/train/a.bmp')
    with pytest.raises(ValueError, match=r'a\.bmp, a\.png'):
        build(root)


def test_jpeg_masks_are_not_taken(root):
    (root / 'masks/train/a.png').rename(root / 'masks/train/a.jpg')
    with pytest.raises(FileNotFoundError, match=r'a\.png'):
        build(root)


def test_suffixes_of_any_case_and_folders(root):
    for kind in ('images', 'masks'):
        (root / kind / 'train/deep').mkdir()
        (root / kind / 'train/a.png').rename(
            root / kind / 'train/deep/A 1.PNG')
    paths = [build(root).get_data_info(i)['img_path'] for i in range(2)]
    assert [p.rsplit('images/train/')[1] for p in paths] == [
        'b.png', 'deep/A 1.PNG'
    ]


def test_ann_file_selects(root):
    (root / 'list.txt').write_text('b\n\n')
    assert len(build(root, ann_file='list.txt')) == 1
    (root / 'list.txt').write_text('b.png\na\n')
    assert build(root, ann_file='list.txt').get_data_info(0)[
        'img_path'].endswith('b.png')
    (root / 'list.txt').write_text('b\nz\n')
    with pytest.raises(FileNotFoundError, match=r'1 image .*: z'):
        build(root, ann_file='list.txt')


def test_prediction_needs_no_masks(root):
    dataset = build(root, data_prefix=dict(img_path='images/train'))
    sample = dataset[0]
    assert sample['inputs'].shape == (3, 4, 6)
    assert 'gt_sem_seg' not in sample['data_samples']


def test_other_classes_keep_the_ids_of_the_files(root):
    dataset = build(root, metainfo=dict(classes=('C', 'ferrite')))
    assert len(dataset.metainfo['palette']) == 2
    # stock BaseSegDataset would refuse 'ferrite', and renumber 'C'
    assert (dataset[0]['data_samples'].gt_sem_seg.data == 1).all()


def test_value_outside_the_classes_names_the_file(root):
    with pytest.raises(ValueError, match=r'masks/train/a\.png.*1 \(100 %\)'):
        build(root, metainfo=dict(classes=('only', )))[0]


def test_label_map_travels_with_the_samples(root):
    dataset = build(root, label_map={1: 2})
    assert (dataset[0]['data_samples'].gt_sem_seg.data == 2).all()


@pytest.mark.parametrize('kwargs', [
    dict(info_band='yes'),
    dict(info_band=-1),
    dict(info_band=True),
    dict(bit_depth=32),
    dict(reduce_zero_label=True),
    dict(metainfo=dict(classes=tuple('abcdefghi'))),
])
def test_bad_arguments(root, kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        build(root, **kwargs)


@pytest.mark.shared_data
def test_real_metaldam(metaldam_root):
    dataset = SEMDataset(
        ann_file='val.txt',
        data_root=str(metaldam_root),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        metainfo=dict(classes=('matrix', 'austenite', 'ma', 'precipitate',
                               'defect')),
        info_band='mask',
        pipeline=PIPELINE)
    assert len(dataset) == 6
    shapes = {tuple(sample['inputs'].shape) for sample in dataset}
    assert shapes <= {(3, 703, 1024), (3, 702, 1024), (3, 895, 1280)}


@pytest.mark.shared_data
def test_real_neu_seg(config_path, neu_seg_root):
    cfg = load_config(config_path('unet_c16_neu-seg'),
                      data_root=str(neu_seg_root))
    counts = []
    for part in ('train', 'val', 'test'):
        dataset = DATASETS.build(cfg[f'{part}_dataloader'].dataset)
        counts.append(len(dataset))
        sample = dataset[len(dataset) // 2]
        assert sample['inputs'].shape == (3, 200, 200)
        ids = set(sample['data_samples'].gt_sem_seg.data.unique().tolist())
        assert 0 in ids and ids <= {0, 1, 2, 3}
    assert counts == [300, 60, 120]


def test_names_of_a_mac_beside_names_of_others(root):
    for kind, form in (('images', 'NFD'), ('masks', 'NFC')):
        path, = (root / kind / 'train').glob('a.*')
        path.rename(path.with_name(
            unicodedata.normalize(form, f'Gefüge{path.suffix}')))
    samples = build(root).load_data_list()
    assert any('Gefu\u0308ge' in sample['img_path'] and
               'Gef\u00fcge' in sample['seg_map_path'] for sample in samples)


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_lists_of_windows(root, encoding):
    path = root / 'some.txt'
    path.write_text('# sharp ones\n.\\a.png  \n', encoding=encoding,
                    newline='\r\n')
    assert len(build(root, ann_file=str(path))) == 1
    path.write_bytes('Gefüge\n'.encode('cp1252'))
    with pytest.raises(ValueError, match=r'some\.txt .*save it as UTF-8'):
        build(root, ann_file=str(path))


TEST = dict(img_path='images/test', seg_map_path='masks/test')
INSTEAD = dict(data_prefix=dict(
    img_path='images/train', seg_map_path='masks/train'))


def names(dataset) -> list[str]:
    return [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]


@pytest.mark.parametrize('made', [(), ('images', ), ('images', 'masks')])
def test_the_test_part_where_it_exists(root, made):
    def test_part():
        return build(root, data_prefix=TEST, if_absent=INSTEAD)

    for kind in ('images', 'masks'):
        (root / kind / 'test').mkdir()  # an empty one is none
    for kind in made:
        shutil.copy(root / kind / 'train/a.png', root / kind / 'test/c.png')
    dataset = test_part()
    if len(made) == 2:
        assert names(dataset) == [str(root / 'images/test/c.png')]
        assert dataset.absent is None
    else:
        assert names(dataset) == names(build(root))
        assert dataset.absent == str(
            root / ('masks' if made else 'images') / 'test')


def test_the_list_of_a_test_part(root):
    (root / 'val.txt').write_text('b')
    options = dict(ann_file='test.txt', if_absent=dict(ann_file='val.txt'))
    assert names(build(root, **options)) == [str(root / 'images/train/b.png')]
    (root / 'test.txt').write_text('a')
    assert names(build(root, **options)) == [str(root / 'images/train/a.png')]


def test_what_cannot_be_replaced(root):
    with pytest.raises(ValueError, match='if_absent has pipeline'):
        build(root, if_absent=dict(pipeline=[]))
@pytest.mark.parametrize('kind', ['images', 'masks'])
def test_links_to_nothing_are_named_before_training(root, kind):
    path = root / f'{kind}/train/b.png'
    path.unlink()
    path.symlink_to('/annex/b.png')
    with pytest.raises(FileNotFoundError, match=r'1 file is a link to what '
                       r'is not there: .*b\.png\. .*dvc pull'):
        len(build(root))
    # those of a list alone are needed
    (root / 'list.txt').write_text('a\n')
    assert len(build(root, ann_file='list.txt')) == 1
