"""Episodes over data sets of both layouts, and what they are drawn from."""
from collections import Counter

import numpy as np
import pytest
from mmengine.registry import FUNCTIONS, init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.datasets.episodes import (
    EpisodeClass,
    draw_training,
    list_testing,
    split_classes,
)

SEM = [dict(type='LoadSEMImageFromFile'), dict(type='LoadSEMAnnotations'),
       dict(type='PackSegInputs')]
MVTEC = [dict(type='LoadCheckedImageFromFile'),
         dict(type='LoadBinaryAnnotations'),
         dict(type='PackSegInputs', meta_keys=(
             'img_path', 'category', 'defect_type'))]


def steel(root, pipeline=SEM, split='train', **kwargs):
    init_default_scope('mmseg')
    return DATASETS.build(dict(
        type='EpisodicDataset', **kwargs, dataset=dict(
            type='SEMDataset', data_root=str(root),
            data_prefix=dict(img_path=f'images/{split}',
                             seg_map_path=f'masks/{split}'),
            metainfo=dict(classes=('background', 'a', 'b', 'c')),
            pipeline=pipeline)))


def products(root, **kwargs):
    init_default_scope('mmseg')
    return DATASETS.build(dict(
        type='EpisodicDataset', **kwargs, dataset=dict(
            type='MVTecADDataset', data_root=str(root), pipeline=MVTEC)))


def labels(sample) -> np.ndarray:
    return sample['data_samples'].gt_sem_seg.data.numpy()


def paths(samples) -> list[str]:
    return [sample['data_samples'].img_path for sample in samples]


def test_items(single_defects):
    data = steel(single_defects, shots=2, normal_shots=1, queries=3,
                 episodes=40)
    assert len(data) == 40
    assert data.metainfo['classes'] == ('background', 'defect')
    shown, classes = [], Counter()
    for i in range(40):
        samples = data[i]
        assert len(samples) == 6
        assert len({*paths(samples[:3])}) == 3
        assert not {*paths(samples[:3])} & {*paths(samples[3:])}
        first = samples[0]['data_samples']
        classes[first.episode_class] += 1
        assert first.episode == (3, 3)
        assert {*np.unique(labels(samples[0]))} == {0, 1}
        assert labels(samples[1]).any() and not labels(samples[2]).any()
        shown += [labels(sample).any() for sample in samples[3:]]
        value = ' abc'.index(first.episode_class)
        for sample in samples:  # that class and no other
            number = int(sample['data_samples'].img_path.split('/')[-1][:-4])
            assert labels(sample).any() == (1 + number % 3 == value)
    assert {*classes} == {'a', 'b', 'c'}
    assert 0.55 < np.mean(shown) < 0.85  # of 120 draws with 0.7


def test_a_test_is_always_the_same(single_defects):
    def items(seed):
        data = steel(single_defects, split='val', queries=None, episodes=2,
                     test_mode=True, seed=seed)
        return [paths(data[i]) for i in range(len(data))], data

    found, data = items(0)
    # three images of each class, one is shown: two queries and two others
    assert len(data) == 3 * 2 * 4
    assert found == items(0)[0] != items(1)[0]
    assert [data.draw(i).target.name for i in (0, 8, 16)] == ['a', 'b', 'c']
    for one in found:
        assert one[2] not in one[:2]
    assert len({tuple(one[:2]) for one in found}) == 6


def test_novel_classes_are_in_no_training(single_defects):
    for fold, novel in enumerate('abc'):
        base, other = (steel(single_defects, part=part, fold=fold)
                       for part in ('base', 'novel'))
        assert [one.name for one in other.targets] == [novel]
        assert novel not in [one.name for one in base.targets]
        own = {*other.targets[0].showing}
        for target in base.targets:
            assert not own & {*target.showing, *target.others}


@pytest.mark.parametrize('group_key', ['category', 'defect_type'])
def test_products(group_key, mvtec_like):
    data = products(mvtec_like, group_key=group_key)
    kinds = {info['category'] if group_key == 'category' else
             f'{info["category"]}/{info["defect_type"]}'
             for info in map(data.dataset.get_data_info,
                             range(len(data.dataset))) if info['defective']}
    found = {one.name for one in data.targets}
    assert found and found <= kinds  # some may have one image
    assert not any('good' in name for name in found)
    for target in data.targets:
        product = target.name.split('/')[0]
        for i in target.others:  # good ones of the same product
            info = data.dataset.get_data_info(i)
            assert not info['defective'] and info['category'] == product
        for i in target.showing:
            assert data.dataset.get_data_info(i)['category'] == product
    samples = data[0]
    assert labels(samples[0]).max() == 1 and not labels(samples[1]).any()


def test_loader(single_defects):
    collate = FUNCTIONS.get('collate_episodes')
    data = steel(single_defects, queries=2)
    batch = collate([data[0], data[1]])
    assert len(batch['inputs']) == len(batch['data_samples']) == 8
    assert batch['inputs'][0].shape == (3, 48, 48)


def test_a_crop_that_misses_the_defect_is_taken_again(single_defects):
    crop = [*SEM[:2], dict(type='RandomCrop', crop_size=(20, 20)), SEM[2]]
    np.random.seed(0)
    data = steel(single_defects, crop)
    for i in range(20):
        assert labels(data[i][0]).any()


def target(name, showing, others):
    return EpisodeClass(name, None, tuple(range(showing)),
                        tuple(range(100, 100 + others)))


def test_test_draws_no_more_than_there_are():
    found = list(list_testing([target('x', 4, 3)], 3, 1, 1, 100, 0))
    assert len(found) == 4 * 2
    few = list(list_testing([target('x', 4, 1)], 3, 1, None, 1, 0))
    assert len(few) == 1  # no good one is left
    rng = np.random.default_rng([7, 0])
    first = next(list_testing([target('x', 9, 9)], 2, 1, 1, 1, 7))
    assert first.supports[:2] == rng.permutation(9)[:2].tolist()


def test_training_without_others():
    rng = np.random.default_rng(0)
    for _ in range(20):
        found = draw_training([target('x', 3, 0)], 1, 0, 2, 0.0, rng)
        assert max(found.queries) < 3
    assert not target('x', 3, 0).suffices(1, 1)
    assert not target('x', 3, 3).suffices(3, 1)


def test_folds_are_disjoint_and_whole():
    names = [f'{i:02}' for i in range(15)]
    novel = [split_classes(names, 'novel', fold, 3)[0] for fold in range(3)]
    assert sorted(name for one in novel for name in one) == names
    assert {len(one) for one in novel} == {5}
    for fold, own in enumerate(novel):
        base, same = split_classes(names, 'base', fold, 3)
        assert same == own and sorted([*base, *own]) == names
    assert split_classes(names, None, 0, 3) == (names, [])


@pytest.mark.parametrize(('kwargs', 'sentence'), [
    (dict(shots=9), r'shots=9.*10 images.*a \(4 images show it, 8 do not\)'),
    (dict(group_key='category'), "group_key='category'.*no such key"),
    (dict(part='old'), 'part'),
    (dict(fold=3), 'must be 0 to 2'),
    (dict(presence=2), 'presence'),
    (dict(queries=None), 'only with test_mode'),
    (dict(shots=0), 'shots'),
    (dict(part='novel', fold=5, folds=9), 'is empty'),
])
def test_refusals(kwargs, sentence, single_defects):
    with pytest.raises(ValueError, match=sentence):
        steel(single_defects, **kwargs)


def test_a_support_that_shows_nothing_is_named(single_defects):
    crop = [*SEM[:2], dict(type='RandomCrop', crop_size=(1, 1)), SEM[2]]
    data = steel(single_defects, crop, test_mode=True)
    np.random.seed(1)
    with pytest.raises(ValueError, match=r'png shows nothing of [abc] after'):
        for i in range(len(data)):
            data[i]


def test_sizes_of_a_test_have_to_agree(single_defects):
    resize = [*SEM[:2], dict(type='RandomResize', scale=(48, 48),
                             ratio_range=(0.5, 2)), SEM[2]]
    data = steel(single_defects, resize, test_mode=True)
    with pytest.raises(ValueError, match='add Resize'):
        data[0]


def test_classes_of_few_images_are_left_out(single_defects, tmp_path):
    # of class c two images only
    for kind in ('images', 'masks'):
        (tmp_path / kind / 'train').mkdir(parents=True)
        for i in range(8):
            (tmp_path / kind / 'train' / f'{i}.png').symlink_to(
                single_defects / kind / 'train' / f'{i}.png')
    data = steel(tmp_path, shots=2)
    assert [one.name for one in data.targets] == ['a', 'b']
