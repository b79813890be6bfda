"""Classes that are named once set all that counts them."""
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

from mmseg_ext.engine import load_config


@pytest.mark.parametrize('options', [
    {'metainfo.classes': ['a', 'b']},
    {'metainfo': dict(classes=('a', 'b'))}])
def test_data_sets_and_heads(config_path, sem_root, options):
    cfg = load_config(
        config_path('segformer_xattn_quickstart'), data_root=str(sem_root),
        dataset_options=dict(options, label_map={0: 0, 1: 1, 2: 1}))
    assert cfg.model.decode_head.num_classes == 2
    init_default_scope('mmseg')
    for name in ('train', 'val', 'test'):
        section = cfg[f'{name}_dataloader'].dataset
        dataset = DATASETS.build(dict(section, pipeline=[]))
        assert dataset.metainfo['classes'] == ('a', 'b')
        assert len(dataset.metainfo['palette']) == 2
    cfg.model.pop('data_preprocessor')
    assert MODELS.build(cfg.model).decode_head.conv_seg.out_channels == 2


def test_every_head_and_the_users_own_word(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text('''
head = dict(type='FCNHead', num_classes=3, out_channels=3)
model = dict(type='EncoderDecoder', decode_head=head,
             auxiliary_head=[head, dict(head, type='STDCHead', num_classes=2),
                             dict(head)])
train_dataloader = dict(dataset=dict(
    type='X', data_root='x', metainfo=dict(classes='abc',
                                           palette=[[0, 0, 0]] * 3)))
''')
    cfg = load_config(str(path), dataset_options={
        'metainfo.classes': [1, 2, 3, 4]}, cfg_options={
            'model.auxiliary_head.2.num_classes': 5})
    assert cfg.model.decode_head.num_classes == 4
    assert cfg.model.decode_head.out_channels == 4
    assert [head.num_classes for head in cfg.model.auxiliary_head] == [4, 2, 5]
    assert cfg.train_dataloader.dataset.metainfo == dict(
        classes=('1', '2', '3', '4'))
    with pytest.raises(ValueError, match='one name of each class'):
        load_config(str(path), dataset_options={
            'metainfo.classes': ['a', 'a']})


def test_weights_that_no_longer_fit(config_path):
    path = config_path('unet_c16_ksdd2')
    weights = 'model.decode_head.loss_decode.class_weight'
    wanted = {'metainfo.classes': ['a', 'b', 'c']}
    fine = {weights: [1, 1, 1]}
    plain = load_config(path, cfg_options={weights: [1, 2]})
    assert plain.model.decode_head.num_classes == 2
    with pytest.raises(ValueError, match=(
            rf'{weights} has 2 weights, and there are 3 classes.*{weights}='
            'None')):
        load_config(path, dataset_options=wanted, cfg_options={
            weights: [1, 2]})
    assert load_config(path, dataset_options=wanted, cfg_options=fine
                       ).model.decode_head.num_classes == 3


@pytest.mark.parametrize(('options', 'found'), [
    ({'metainfo.clases': ['a', 'b']}, "no 'clases'. Did you mean classes"),
    ({'metainfo': dict(colour=1)}, "no 'colour'. It has classes and palette"),
    ({'metainfo': ['a', 'b']}, 'must be a dict'),
    ({'metainfo.classes': None}, 'one name of each class'),
    ({'metainfo.classes': ['a', '']}, 'one name of each class')])
def test_what_are_no_classes(config_path, options, found):
    with pytest.raises(ValueError, match=found):
        load_config(config_path('segformer_xattn_quickstart'),
                    dataset_options=options)
