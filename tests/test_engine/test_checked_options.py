"""Slips in options are refused, and names that are only alike are not."""
import pytest
from mmengine.config import Config

from mmseg_ext.engine import load_config
from mmseg_ext.engine.checked_options import check_options, open_sections


@pytest.fixture(scope='module')
def cfg(config_path):
    return load_config(config_path('segformer_xattn_quickstart'))


@pytest.mark.parametrize(('slip', 'meant'), [
    ('trian_cfg.max_iters', 'train_cfg'),
    ('train_cfg.max_iter', 'train_cfg.max_iters'),
    ('model.decode_head.num_clases', 'model.decode_head.num_classes'),
    ('model.decode_heads.num_classes', 'model.decode_head'),
    ('model.backbone.embeddims', 'model.backbone.embed_dims'),
    ('default_hooks.checkpoint.intervall',
     'default_hooks.checkpoint.interval'),
    ('train_dataloader.dataset.pipeline.2.crop_sise',
     'train_dataloader.dataset.pipeline.2.crop_size'),
    ('optim_wrapper.optimizer.weight_decya',
     'optim_wrapper.optimizer.weight_decay'),
])
def test_slips(cfg, slip, meant):
    with pytest.raises(ValueError) as error:
        check_options(cfg, {slip: 1})
    place = slip.rsplit('.', slip.count('.') - meant.count('.'))[0]
    assert str(error.value) == (f'--cfg-options: there is no {place} in the '
                                f'config. Did you mean {meant}?')


@pytest.mark.parametrize('option', [
    'my_own', 'auto_scale_lr.enable', 'param_scheduler.0.power',
    'model.decode_head.in_index', 'model.decode_head.out_channels',
    'model.neck.out_channels',  # beside in_channels
    'model.backbone.norm_cfg.eps', 'model.backbone.enlarge',
    'train_dataloader.prefetch_factor', 'custom_hooks.7.type',
    'model.train_cfg.a.b.c', 'model.decode_head.loss_decode.1.type',
    'default_hooks.checkpoint.by_epoch'])
def test_names_of_their_own(cfg, option):
    check_options(cfg, {option: 1})


@pytest.mark.parametrize(('key', 'beside'), [
    ('in_channels', dict(channels=1)),
    ('val_begin', dict(val_end=1)),
    ('stage2', dict(stage1=1)),
    ('norm_cfg', dict(conv_cfg=1)),
])
def test_words_and_numbers_of_their_own(key, beside):
    check_options(dict(part=beside), {f'part.{key}': 1})


def test_an_argument_of_the_class_is_no_slip():
    part = dict(type='EncoderDecoder', decode_head=1, pretrainee=1)
    check_options(dict(model=part), {'model.pretrained': 1})
    part['type'] = 'NoSuchClass'
    with pytest.raises(ValueError, match=r'Did you mean model\.pretrainee'):
        check_options(dict(model=part), {'model.pretrained': 1})


def test_a_type_makes_a_section_of_none():
    cfg = Config(dict(heads=[dict(conv_cfg=None, norm_cfg=None)], neck=None))
    options = {'heads.0.conv_cfg.type': 'Conv2d', 'heads.0.norm_cfg.eps': 1,
               'neck.a.type': 'A', 'heads.1.b.type': 'B', 'new.type': 'C'}
    open_sections(cfg, options)
    assert cfg.to_dict() == dict(
        heads=[dict(conv_cfg={}, norm_cfg=None)], neck=None)
    cfg.merge_from_dict({'heads.0.conv_cfg.type': 'Conv2d'})
    assert cfg.heads[0].conv_cfg == dict(type='Conv2d')


def test_options_of_conv_cfg_that_is_none(config_path):
    cfg = load_config(config_path('unet_c16_ksdd2'), cfg_options={
        'model.backbone.conv_cfg.min_channels': 4,
        'model.backbone.conv_cfg.type': 'SeparableConv2d'})
    assert cfg.model.backbone.conv_cfg == dict(
        type='SeparableConv2d', min_channels=4)
