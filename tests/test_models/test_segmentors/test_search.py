"""Bilevel steps: who learns from which half."""
import pytest
import torch
from domain_batches import SIZE, batch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from model_tests import grids
from tiny_segmentor import tiny_config
from training_wrappers import TrainingWrapperTests

from mmseg_ext.engine import SearchOptimWrapperConstructor
from mmseg_ext.models import SearchEncoderDecoder
from mmseg_ext.models.decode_heads import is_of_architecture

HEAD = dict(
    type='SearchableHead', in_channels=[4, 8], in_index=[0, 1], channels=4,
    ops=['conv3x3', 'conv1x1', 'skip'], num_classes=3, skip_dropout=0,
    dropout_ratio=0, norm_cfg=dict(type='BN'))


def build(type='SearchEncoderDecoder', **kwargs):
    init_default_scope('mmseg')
    torch.manual_seed(3)
    model = tiny_config(data_preprocessor=dict(size=SIZE)).model.to_dict()
    return MODELS.build(dict(model, type=type, decode_head=HEAD, **kwargs))


class TestSearchEncoderDecoder(TrainingWrapperTests):
    kind = 'SearchEncoderDecoder'
    # what is compiled and exported is the derived one
    test_compiles_for_training = test_exports = None

    def build(self):
        return build()

    def upstream(self):
        return build('EncoderDecoder')

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size)[0])]


def searching(**kwargs) -> SearchEncoderDecoder:
    net = build(**dict(dict(frozen=0.5), **kwargs)).train()
    net.latency_costs = {name: [1., .5, 0.][:len(mixture.names)]
                         for name, mixture in
                         net.decode_head.mixtures().items()}
    return net


def halves(seed=5) -> dict:
    images, samples = batch(2, 0, seed=seed)
    more, others = batch(2, 0, seed=seed + 1)
    for half, each in (('weights', samples), ('architecture', others)):
        for sample in each:
            sample.set_metainfo(dict(half=half))
    return dict(inputs=[*images, *more], data_samples=samples + others)


def optimizers(net, **kwargs):
    return SearchOptimWrapperConstructor(dict(
        optimizer=dict(type='SGD', lr=0.1, weight_decay=0.1), **kwargs))(net)


def values(net) -> dict:
    return {name: weight.detach().clone()
            for name, weight in net.named_parameters()}


def changed(before: dict, after: dict) -> set:
    return {name for name, value in before.items()
            if not torch.equal(value, after[name])}


def test_each_step_leaves_the_other_s_parameters_untouched():
    net = searching()
    wrapper = optimizers(net)
    sizes = [sum(len(group['params']) for group in each.param_groups)
             for each in wrapper.values()]
    assert sizes == [len([*net.parameters()]) - 3, 3]
    arch = {name for name in values(net) if is_of_architecture(name)}
    before = values(net)
    net.begin_step(0.49)  # the architecture is frozen
    logged = net.train_step(halves(), wrapper)
    found = changed(before, values(net))
    assert found and not found & arch
    assert not any(name.startswith('arch.') for name in logged)
    # the weights' optimizer at rest
    for group in wrapper['weights'].param_groups:
        group['lr'] = 0
    before = values(net)
    net.begin_step(0.5)
    logged = net.train_step(halves(), wrapper)
    assert changed(before, values(net)) == arch
    assert {'loss', 'arch.loss', 'arch.latency', 'arch.params'} <= {*logged}
    assert all(weight.requires_grad for weight in net.parameters())


def test_the_step_of_the_architecture_is_first_order_on_its_half():
    net = searching(beta=0.7, gamma=0.3)
    net.begin_step(1.0)
    data = net.data_preprocessor(halves(), True)
    losses = net(data['inputs'][2:], data['data_samples'][2:], mode='loss')
    alphas = [mixture.arch_alpha
              for mixture in net.decode_head.mixtures().values()]
    costs = net.costs()
    expected = torch.autograd.grad(
        net.parse_losses(losses)[0] + 0.7 * costs['latency']
        + 0.3 * costs['params'], alphas)
    wrapper = optimizers(net, arch=dict(weight_decay=0, lr=0.01))
    seen = []
    wrapper['arch'].optimizer.register_step_pre_hook(
        lambda *_: seen.extend(each.grad.clone() for each in alphas))
    net.train_step(halves(), wrapper)
    torch.testing.assert_close(seen, [*expected], atol=1e-6, rtol=1e-4)


def test_the_score_is_monotone_in_each_term():
    def score(loss=1.0, beta=0.1, gamma=0.1, latency=1.0):
        net = searching(beta=beta, gamma=gamma)
        net.latency_costs = {name: [latency * cost for cost in costs]
                             for name, costs in net.latency_costs.items()}
        return net.architecture_loss(torch.tensor(loss)).item()

    assert score() < score(loss=1.1)
    assert score() < score(beta=0.2) and score() < score(gamma=0.2)
    assert score() < score(latency=1.5)
    assert score(beta=0, gamma=0) == 1


def test_temperature_falls_once_the_architecture_learns():
    net = searching(frozen=0.3, temperatures=(1.0, 0.1))
    found = []
    for progress in (0, 0.3, 0.65, 1):
        net.begin_step(progress)
        found.append(net.decode_head.edges[0].temperature.item())
    assert found == pytest.approx([1, 1, 0.1**0.5, 0.1])


def test_batches_have_to_be_of_both_halves():
    net = searching()
    data = halves()
    for sample in data['data_samples']:
        sample.set_metainfo(dict(half='weights'))
    with pytest.raises(ValueError, match='4 are of the half for the weights'):
        net.train_step(data, optimizers(net))


@pytest.mark.parametrize('wrong', [
    dict(beta=-1), dict(gamma=-1), dict(frozen=1), dict(temperatures=[1]),
    dict(temperatures=[1, 0])])
def test_bad_arguments(wrong):
    name, = wrong
    with pytest.raises(ValueError, match=f'{name}='):
        build(**wrong)


def test_needs_something_to_search_for():
    plain = tiny_config().model
    with pytest.raises(ValueError, match='FCNHead: it must be a Searchable'):
        MODELS.build(dict(plain, type='SearchEncoderDecoder'))
    with pytest.raises(ValueError, match='finds no architecture'):
        optimizers(MODELS.build(plain))
