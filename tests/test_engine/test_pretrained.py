"""Pretrained weights are found and taken out in every spelling."""
import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.model import PretrainedInit
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from tiny_segmentor import tiny_config

from mmseg_ext.engine import check_weights, remove_pretrained
from mmseg_ext.engine.pretrained import pretrained_weights

KINDS = ('Pretrained', 'mmengine.Pretrained', 'PretrainedInit',
         'mmengine.model.PretrainedInit', PretrainedInit)
OTHER = dict(type='Constant', layer='Conv2d', val=0.25)


def spellings(weights: str):
    """Yield what stands in a model's config, at which place."""
    for kind in KINDS:
        init = dict(type=kind, checkpoint=weights)
        for place in ('backbone', 'decode_head', None):
            for value in (init, [init], (OTHER, init),
                          dict(OTHER, override=dict(init, name='x'))):
                yield place, dict(init_cfg=value)
    yield 'backbone', dict(pretrained=weights)
    yield None, dict(pretrained=weights)
    yield 'backbone', dict(checkpoint_path=weights)
    yield 'backbone', dict(
        init_cfg=dict(type='Pretrained_Part', checkpoint=weights))


def changed(place, settings) -> Config:
    cfg = Config(dict(model=dict(
        type='EncoderDecoder', backbone=dict(type='ResNet'),
        neck=dict(type='Sequential', layers=[dict(type='FPN')]),
        decode_head=dict(type='FCNHead'))))
    (cfg.model if place is None else cfg.model[place]).update(settings)
    return cfg


@pytest.mark.parametrize(('place', 'settings'), [*spellings('w.pth')])
def test_every_spelling(place, settings):
    cfg = changed(place, copy.deepcopy(settings))
    assert pretrained_weights(cfg.model) == ['w.pth']
    with pytest.raises(FileNotFoundError, match=r'w\.pth do not exist'):
        check_weights(cfg)
    remove_pretrained(cfg)
    assert pretrained_weights(cfg.model) == []
    assert 'w.pth' not in str(cfg.model)
    check_weights(cfg)


def test_other_initialisers_stay():
    init = dict(type='Pretrained', checkpoint='w.pth')
    cfg = changed('neck', dict(init_cfg=[OTHER, init]))
    cfg.model.neck.layers[0].init_cfg = OTHER
    remove_pretrained(cfg)
    assert cfg.model.neck.init_cfg == [OTHER]
    assert cfg.model.neck.layers[0].init_cfg == OTHER


def test_weights_that_timm_loads_unasked():
    cfg = changed('backbone', dict(type='TIMMBackbone', model_name='x'))
    remove_pretrained(cfg)
    assert cfg.model.backbone.pretrained is False
    cfg = changed('backbone', dict(type='TIMMBackbone', pretrained=True))
    check_weights(cfg)  # by a name that we do not know


@pytest.mark.parametrize('kind', KINDS[:2] + KINDS[-1:])
def test_models_of_what_is_left(kind, tmp_path):
    init_default_scope('mmseg')
    cfg = tiny_config()
    torch.save(MODELS.build(cfg.model).state_dict(), tmp_path / 'w.pth')
    cfg.model.init_cfg = [
        dict(type='Constant', layer='Conv2d', val=0.25),
        dict(type=kind, checkpoint=str(tmp_path / 'w.pth'))]
    check_weights(cfg)
    (tmp_path / 'w.pth').unlink()
    remove_pretrained(cfg)
    model = MODELS.build(cfg.model)
    model.init_weights()
    assert model.decode_head.conv_seg.bias.eq(0).all()
    assert model.backbone.conv1.weight.ne(0).any()


def test_weights_to_start_from_are_looked_for():
    cfg = changed(None, {})
    cfg.load_from = 'start.pth'
    with pytest.raises(FileNotFoundError, match=r'start\.pth.*load_from'):
        check_weights(cfg)
