"""The classifier starts from the fractions, unless weights were loaded."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from tiny import shrink

from mmseg_ext.engine import ClassPriorHook, load_config, train

PRIOR = (0.97, 0.03)


class Runner:
    """What the hook reads of a Runner."""

    def __init__(self, model, iteration=0, **cfg) -> None:
        self.model, self.iter, self.cfg = model, iteration, cfg


def classifier(num_classes: int = 2) -> torch.nn.Module:
    return torch.nn.ModuleDict(dict(
        conv_seg=torch.nn.Conv2d(4, num_classes, 1)))


def test_untrained_model_predicts_the_fractions():
    model = torch.nn.ModuleDict(
        dict(decode_head=classifier(), auxiliary_head=classifier()))
    ClassPriorHook((97, 3)).before_train(Runner(model))
    for head in model.values():
        fractions = head.conv_seg(torch.zeros(1, 4, 2, 2)).softmax(1)
        torch.testing.assert_close(
            fractions[0, :, 0, 0], torch.tensor(PRIOR))


def test_segmenters_norm_over_the_classes_gets_them_too():
    model = torch.nn.ModuleDict(dict(mask_norm=torch.nn.LayerNorm(2)))
    ClassPriorHook((97, 3)).before_train(Runner(model))
    torch.testing.assert_close(
        model.mask_norm.bias.softmax(0), torch.tensor(PRIOR))


@pytest.mark.parametrize('runner', [dict(iteration=1),
                                    dict(load_from='weights.pth')])
def test_loaded_weights_stay(runner):
    model = classifier()
    before = model.conv_seg.bias.clone()
    ClassPriorHook(PRIOR).before_train(Runner(model, **runner))
    assert torch.equal(model.conv_seg.bias, before)


@pytest.mark.parametrize('prior', [(), (1, 0), (1, -1)])
def test_fractions_must_be_positive(prior):
    with pytest.raises(ValueError, match='above 0'):
        ClassPriorHook(prior)


def test_model_must_have_as_many_classes():
    with pytest.raises(ValueError, match=r'classifiers of \[3\] classes'):
        ClassPriorHook(PRIOR).before_train(Runner(classifier(3)))
    with pytest.raises(ValueError, match='no conv_seg'):
        ClassPriorHook(PRIOR).before_train(Runner(torch.nn.Identity()))


def settings(repository, mvtec_like, work_dir):
    init_default_scope('mmseg')
    cfg = shrink(load_config(
        str(repository / 'configs/mvtec_ad/unet_c16_mvtec.py'),
        work_dir=str(work_dir), data_root=str(mvtec_like)))
    cfg.model.backbone.base_channels = 4
    cfg.model.decode_head.update(in_channels=4, channels=4)
    cfg.optim_wrapper.optimizer.lr = 1e-9
    cfg.experiment_name = f'prior_{work_dir.name}'
    return cfg


@pytest.mark.parametrize('place', ['model', 'head', 'load_from', 'backbone'])
def test_weights_that_a_config_loads_stay(
        repository, mvtec_like, tmp_path, place):
    cfg = settings(repository, mvtec_like, tmp_path / place)
    state = MODELS.build(cfg.model).state_dict()
    state['decode_head.conv_seg.bias'] = torch.tensor([0.25, -0.75])
    path = str(tmp_path / 'weights.pth')
    init = dict(type='Pretrained', checkpoint=path)
    if place == 'model':
        cfg.model.init_cfg = [init]
    elif place == 'load_from':
        cfg.load_from = path
    else:
        name = dict(head='decode_head').get(place, place)
        cfg.model[name].init_cfg = dict(init, prefix=f'{name}.')
    torch.save(dict(state_dict=state), path)
    bias = train(cfg).model.decode_head.conv_seg.bias.detach()
    torch.testing.assert_close(
        bias, torch.tensor(PRIOR).log() if place == 'backbone' else
        torch.tensor([0.25, -0.75]), atol=1e-4, rtol=0)


def test_in_the_stock_runner(repository, mvtec_like, tmp_path):
    cfg = settings(repository, mvtec_like, tmp_path)
    bias = train(cfg).model.decode_head.conv_seg.bias
    torch.testing.assert_close(
        bias.detach().exp(), torch.tensor(PRIOR), atol=1e-4, rtol=0)
