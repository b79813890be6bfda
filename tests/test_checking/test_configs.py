"""Configs: other datasets than SEMDataset, and models that do not fit."""
import shutil

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmseg_ext.checking import check_splits
from mmseg_ext.checking.config_splits import splits_of_config
from mmseg_ext.checking.report import to_text
from mmseg_ext.datasets import (
    LoadSEMAnnotations,
    LoadSEMImageFromFile,
    SEMDataset,
)
from mmseg_ext.engine import load_config

STOCK = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'),
         dict(type='PackSegInputs')]


def stock(pairs, classes=('ferrite', 'pearlite', 'pores'), **options):
    """Check the set as mmseg's own dataset and loading read it."""
    def loader(split):
        return dict(dataset=dict(dict(
            type='BaseSegDataset', data_root=str(pairs.root),
            img_suffix='.png', metainfo=dict(classes=classes),
            data_prefix=dict(img_path=f'images/{split}',
                             seg_map_path=f'masks/{split}'),
            pipeline=STOCK), **options))
    cfg = Config(dict(train_dataloader=loader('train'),
                      val_dataloader=loader('val'),
                      test_dataloader=loader('val')))
    return check_splits(splits_of_config(cfg), cfg)


def check(config_path, name, root, **options):
    cfg = load_config(config_path(name),
                      data_root=str(root), **options)
    return check_splits(splits_of_config(cfg), cfg)


def test_equal_validation_and_test_are_opened_once(pairs):
    result = stock(pairs)
    assert [s.name for s in result.statistics] == ['train', 'val/test']
    assert not result.findings


def test_stock_loading_ignores_255_in_silence(pairs, find):
    pairs.save_masks(lambda ids: ids * np.uint8(255), number=2)
    result = stock(pairs, ('matrix', 'carbide'))
    finding = find(result, 'masks of 0 and 255')
    assert finding.severity == 'error'
    assert "dict(type='LoadBinaryAnnotations')" in finding.fix
    pipeline = [STOCK[0], dict(type='LoadBinaryAnnotations')]
    assert not stock(pairs, ('matrix', 'carbide'), pipeline=pipeline).findings


def test_255_beside_a_class_1_may_be_ignored_on_purpose(pairs, find):
    def spoil(ids):
        ids[:12] = 255
        return ids
    pairs.save_masks(spoil, number=2)
    mask = np.zeros((48, 64), np.uint8)
    mask[:12] = 255
    pairs.save('masks/train/0.png', mask)
    result = stock(pairs, ('matrix', 'carbide'))
    assert find(result, 'masks of 0 and 255').severity == 'warning'
    assert not result.failed


def test_what_reduce_zero_label_ignores_is_no_foreground(pairs):
    pairs.save_masks(lambda ids: ids, number=2)
    pipeline = [STOCK[0], dict(type='LoadAnnotations',
                               reduce_zero_label=True)]
    result = stock(pairs, ('matrix', 'carbide'), pipeline=pipeline,
                   reduce_zero_label=True)
    assert not [f for f in result.findings if 'masks of 0 and 255' in f.what]


def test_grey_images(pairs):
    pipeline = [dict(type='LoadImageFromFile', color_type='grayscale'),
                dict(type='LoadAnnotations')]
    assert stock(pairs, pipeline=pipeline).statistics[0].images == 3


def test_types_as_classes(pairs):
    """As configs in Python's own syntax have them."""
    result = stock(pairs, type=SEMDataset, pipeline=[
        dict(type=LoadSEMImageFromFile), dict(type=LoadSEMAnnotations)])
    assert not result.findings


def test_stock_loading_lets_other_values_pass(pairs, find):
    pairs.save_masks(lambda ids: ids + np.uint8(1))
    finding = find(stock(pairs), 'values that are no class: 3')
    assert finding.severity == 'error'
    assert 'does not complain' in finding.what


def test_stock_loading_cuts_16_bits(pairs, find):
    pairs.save_masks(lambda ids: ids.astype(np.uint16) * 256)
    finding = find(stock(pairs), 'cuts to 8 bits')
    assert finding.severity == 'error'
    assert '512 (' in finding.what
    assert 'LoadSEMAnnotations' in finding.fix


def test_stock_loading_of_colours(pairs, find):
    palette = np.array([[0, 0, 255], [255, 0, 0], [0, 255, 0]], np.uint8)
    pairs.save_masks(lambda ids: palette[ids])
    finding = find(stock(pairs), 'pictures in colours')
    assert (finding.severity, finding.count) == ('error', 5)
    assert 'convert_masks SOURCE OUT' in finding.fix


def test_stock_loading_does_not_compare_sizes(pairs, find):
    pairs.save('images/train/0.png', pairs.texture(0, (56, 56)))
    finding = find(stock(pairs), 'differ in size')
    assert finding.severity == 'error'


def test_missing_file_of_a_stock_dataset(pairs, find):
    (pairs.root / 'masks/train/0.png').unlink()
    finding = find(stock(pairs), 'No such file')
    assert finding.severity == 'error'


def test_datasets_in_wrappers(pairs):
    def part(split):
        return dict(type='SEMDataset', data_root=str(pairs.root),
                    data_prefix=dict(img_path=f'images/{split}',
                                     seg_map_path=f'masks/{split}'),
                    pipeline=[dict(type='LoadSEMImageFromFile'),
                              dict(type='LoadSEMAnnotations')])
    both = dict(type='ConcatDataset', datasets=[
        dict(type='RepeatDataset', times=3, dataset=part('train')),
        part('val')])
    cfg = Config(dict(train_dataloader=dict(dataset=both)))
    result = check_splits(splits_of_config(cfg), cfg)
    assert [(s.name, s.listed) for s in result.statistics] == [
        ('train', 3), ('train', 2)]
    assert '| train (2) |' in ' '.join(to_text(result).split())


def test_of_two_domains_the_labelled_one_is_checked(pairs):
    source = dict(
        type='SEMDataset', data_root=str(pairs.root),
        data_prefix=dict(img_path='images/train', seg_map_path='masks/train'),
        pipeline=[dict(type='LoadSEMImageFromFile'),
                  dict(type='LoadSEMAnnotations')])
    cfg = Config(dict(train_dataloader=dict(dataset=dict(
        type='SourceTargetDataset', source=source, target='nowhere'))))
    result = check_splits(splits_of_config(cfg), cfg)
    assert [(s.name, s.listed) for s in result.statistics] == [('train', 3)]
    assert not [f for f in result.findings if f.severity == 'error']


def test_config_without_datasets():
    with pytest.raises(ValueError, match='no dataset'):
        splits_of_config(Config(dict(model=dict())))


def test_arguments_that_the_dataset_refuses(pairs, find):
    cfg = Config(dict(train_dataloader=dict(dataset=dict(
        type='SEMDataset', data_root=str(pairs.root), bit_depth=99,
        pipeline=[]))))
    result = check_splits(splits_of_config(cfg), cfg)
    assert find(result, 'bit_depth=99').severity == 'error'


def test_a_transform_that_does_not_exist(pairs, find):
    result = stock(pairs, type='SEMDataset', pipeline=[
        dict(type='LoadSomething')])
    findings = [f for f in result.findings if 'LoadSomething' in f.what]
    assert len(findings) == 2
    assert result.statistics[0].listed == 0


def test_the_shipped_micrograph_config(config_path, sem_root):
    result = check(config_path, 'segformer_mit-b0_sem', sem_root)
    assert not result.failed
    assert [s.listed for s in result.statistics] == [4, 2]


def test_lines_of_a_config_and_the_argument_that_was_meant(
        config_path, sem_root, find):
    result = check(config_path, 'segformer_mit-b0_sem', sem_root,
                   dataset_options=dict(info_band=None))
    assert find(result, 'information band').fix == (
        "info_band='mask' in dataset=dict(...) of the config, or on the "
        'command line: --dataset-options info_band=mask')
    result = check(config_path, 'segformer_mit-b0_sem', sem_root,
                   dataset_options=dict(inf_band='mask'))
    for finding in result.findings:
        assert finding.what.endswith(
            "SEMDataset takes no argument 'inf_band'. Did you mean info_band?")


def test_metaldam_s_layout(config_path, metaldam_like, find):
    result = check(config_path, 'segformer_mit-b0_metaldam', metaldam_like)
    assert not result.failed
    assert find(result, 'no pixel is of').severity == 'warning'


def test_mvtec_masks_of_0_and_255_are_right(config_path, mvtec_like):
    result = check(config_path, 'unet_c16_mvtec', mvtec_like)
    assert not result.failed
    # good images have no mask and count as background
    train = result.statistics[0]
    assert train.masks == train.images > train.masks_with[1] > 0


def test_mvtec_mask_with_grey_edges(config_path, mvtec_like, tmp_path, find):
    root = tmp_path / 'mvtec'
    shutil.copytree(mvtec_like, root)
    for path in root.glob('*/ground_truth/*/*.png'):
        mask = Image.open(path).resize((128, 128), Image.BILINEAR)
        mask.resize((64, 64), Image.BILINEAR).save(path)
    finding = find(check(config_path, 'unet_c16_mvtec', root),
                   'smoothed edges')
    assert finding.severity == 'error'


def test_a_dataset_that_cannot_be_built(config_path, ksdd2_like, tmp_path,
                                        find):
    root = tmp_path / 'ksdd2'
    shutil.copytree(ksdd2_like, root)
    next(root.glob('test/*_GT.png')).unlink()
    result = check(config_path, 'unet_c16_ksdd2', root)
    finding = find(result, 'The test part of the data, KSDD2Dataset')
    assert finding.severity == 'error'
    assert 'no mask' in finding.what
    assert result.statistics[0].images > 0  # training is checked


def test_classification_needs_no_masks(config_path, ksdd2_like):
    result = check(config_path, 'efficientnet_b0_116x320_ksdd2', ksdd2_like)
    assert not result.failed
    assert result.statistics[0].masks == 0


def test_number_of_classes_of_the_model(config_path, sem_root, find):
    for number, severity in ((2, 'error'), (5, 'warning')):
        finding = find(
            check(config_path, 'segformer_mit-b0_sem', sem_root, cfg_options={
                'model.decode_head.num_classes': number}),
            f'The model has {number} classes')
        assert finding.severity == severity
        assert finding.fix == 'model = dict(decode_head=dict(num_classes=3))'


def test_normalization_far_off(config_path, sem_root, find):
    result = check(config_path, 'segformer_mit-b0_sem', sem_root, cfg_options={
        'model.data_preprocessor.mean': [0.0] * 3,
        'model.data_preprocessor.std': [1.0] * 3})
    finding = find(result, 'far from what the model expects')
    assert finding.severity == 'note'
    mean = np.round(result.statistics[0].mean, 2).tolist()
    assert f'mean={mean}' in finding.fix


@pytest.mark.parametrize('name', [
    'segformer_mit-b0_sem', 'segformer_mit-b0_metaldam'])
def test_the_test_part_is_checked_where_it_exists(
        config_path, sem_root, metaldam_like, tmp_path, name):
    listed = name.endswith('metaldam')
    root = tmp_path / 'data'
    shutil.copytree(metaldam_like if listed else sem_root, root)
    assert splits(config_path, name, root) == ['train', 'val/test']
    if listed:
        last = (root / 'train.txt').read_text().split()
        (root / 'train.txt').write_text('\n'.join(last[:-1]))
        (root / 'test.txt').write_text(last[-1])
    else:
        for kind in ('images', 'masks'):
            (root / kind / 'test').mkdir()
            (root / kind / 'train/train_003.png').rename(
                root / kind / 'test/x.png')
    assert splits(config_path, name, root) == ['train', 'val', 'test']
    cfg = load_config(config_path(name), data_root=str(root))
    assert len(splits_of_config(cfg)[2].listing.samples) == 1


def splits(config_path, name, root) -> list[str]:
    cfg = load_config(config_path(name), data_root=str(root))
    return [split.name for split in splits_of_config(cfg)]
