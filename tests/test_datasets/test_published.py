"""Whoever lacks a published set reads where it comes from, and what to do."""
import shlex

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.basics import user_sentence
from mmseg_ext.checking import check_splits
from mmseg_ext.checking.config_splits import splits_of_config
from mmseg_ext.conversion import RECIPES
from mmseg_ext.datasets.published import PUBLISHED
from mmseg_ext.engine import load_config
from mmseg_ext.samples import write_sem_sample

# A config of each, and what its files are looked for in.
CONFIGS = dict(
    cityscapes=('fcn_r18-c16_cityscapes', 'leftImg8bit/train'),
    ksdd2=('unet_c16_ksdd2', 'train'),
    metaldam=('segformer_mit-b0_metaldam', 'images'),
    mvtec_ad=('unet_c16_mvtec', ''),
    nasa_super1=('segformer_mit-b0_super1', 'images/train'),
    neu_seg=('unet_c16_neu-seg', 'images/train'))


def told(cfg) -> str:
    """Return what the training part of a config stops with."""
    init_default_scope('mmseg')
    with pytest.raises(FileNotFoundError) as error:
        DATASETS.build(cfg.train_dataloader.dataset)
    return user_sentence(error.value)


@pytest.mark.parametrize('name', PUBLISHED)
def test_the_folder_the_page_and_the_readme(
        config_path, repository, tmp_path, monkeypatch, name):
    config, inner = CONFIGS[name]
    root = tmp_path / 'my data'
    text = told(load_config(config_path(config), data_root=str(root)))
    assert str(root / inner) in text
    published = PUBLISHED[name]
    assert f'{published.title} is published ({published.address})' in text
    readme = repository / f'configs/{published.folder}/README.md'
    written = readme.read_text(encoding='utf-8')
    assert '## Layout' in written and published.address in written
    assert f'Layout of {readme}' in text or (
        f'Layout of configs/{published.folder}/README.md' in text)
    assert '--data-root DIR' in text
    if published.sample:
        assert f'make_sample {published.sample} {shlex.quote(str(root))}' in (
            text)
    else:  # it would be of other classes
        assert 'make_sample' not in text
    if published.recipe:
        assert published.recipe in RECIPES
        assert (f'convert_masks DOWNLOADED {shlex.quote(str(root))} --recipe '
                f'{published.recipe}') in text
    monkeypatch.chdir(repository)
    assert f'Layout of configs/{published.folder}/README.md ' in (
        published.how_to_get('data'))


def test_metaldam_without_its_lists(config_path, metaldam_like, tmp_path,
                                    monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'set').symlink_to(metaldam_like)
    cfg = load_config(config_path('segformer_mit-b0_metaldam'),
                      data_root='set')
    cfg.train_dataloader.dataset.ann_file = 'learn.txt'
    text = told(cfg)
    assert text.startswith('There is no set/learn.txt, the list (ann_file)')
    assert PUBLISHED['metaldam'].address in text
    # and the check of all parts
    result = check_splits(splits_of_config(cfg), cfg)
    finding, = [f for f in result.findings if 'learn.txt' in f.what]
    assert finding.what.startswith('There is no set/learn.txt')
    assert PUBLISHED['metaldam'].address in finding.fix
    # a list of one's own comes from nowhere else
    cfg.train_dataloader.dataset.published = None
    assert told(cfg).endswith(
        'Write it; without ann_file all images in set/images are used')


def test_the_check_of_a_set_that_is_not_there(config_path, tmp_path):
    cfg = load_config(config_path('segformer_mit-b0_super1'),
                      data_root=str(tmp_path))
    for finding in check_splits(splits_of_config(cfg), cfg).findings:
        assert 'There are no images in' in finding.what
        assert PUBLISHED['nasa_super1'].address in finding.fix


def test_own_micrographs_are_told_of_the_sample(config_path, tmp_path):
    text = told(load_config(config_path('segformer_mit-b0_sem'),
                            data_root=str(tmp_path / 'no')))
    assert f'make_sample sem {tmp_path}/no' in text
    write_sem_sample(tmp_path / 'no', 2, 1, size=(64, 64))  # as it says
    DATASETS.build(load_config(
        config_path('segformer_mit-b0_sem'),
        data_root=str(tmp_path / 'no')).train_dataloader.dataset)


def test_a_set_that_nobody_knows():
    with pytest.raises(ValueError, match=r"published='steel'.*'metaldam'"):
        DATASETS.build(dict(type='SEMDataset', published='steel',
                            pipeline=[]))
