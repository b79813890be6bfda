"""The supernet: its paths, and what they cost."""
import pytest
import torch
from model_tests import ODD, ModelTests, grids, pyramid, randomised

from mmseg_ext.models import GenotypeHead, SearchableHead

CHANNELS = [4, 5, 6, 7]
OPS = ['conv3x3', 'separable3x3', 'attention', 'skip']


def arguments(**kwargs) -> dict:
    return dict(dict(
        in_channels=CHANNELS, channels=8, num_classes=3, dropout_ratio=0,
        ops=OPS, skip_dropout=0, norm_cfg=dict(type='BN'),
        align_corners=False), **kwargs)


def choose(head: SearchableHead, ops, integration) -> None:
    """Give one operation of each mixture all of the weight."""
    for mixture, name in zip(head.mixtures().values(), [*ops, integration]):
        with torch.no_grad():
            mixture.arch_alpha.zero_()
            mixture.arch_alpha[mixture.names.index(name)] = 200


class TestSearchableHead(ModelTests):
    # what is compiled and exported is the derived one
    test_one_stage = test_compiles_for_training = test_exports = None

    def build(self):
        return SearchableHead(**arguments())

    def inputs(self, batch, size):
        return pyramid(CHANNELS, batch, size)

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size)[0])]


@pytest.mark.parametrize(('ops', 'integration'), [
    (['skip', 'conv3x3', 'attention', 'separable3x3'], 'concat'),
    (['attention', 'skip', 'conv3x3', 'skip'], 'add')])
def test_its_chosen_path_is_the_ordinary_head(ops, integration):
    torch.manual_seed(0)
    supernet = randomised(SearchableHead(**arguments())).eval()
    choose(supernet, ops, integration)
    assert supernet.genotype() == (tuple(ops), integration)
    plain = ordinary(ops, integration)
    plain.load_state_dict(path_of(supernet, plain))
    inputs = pyramid(CHANNELS, 2, ODD)
    torch.testing.assert_close(plain.eval()(inputs), supernet(inputs))


def ordinary(ops, integration) -> GenotypeHead:
    given = arguments(ops=ops, integration=integration)
    del given['skip_dropout']
    return GenotypeHead(**given)


def path_of(supernet: SearchableHead, plain: GenotypeHead) -> dict:
    """Return the plain head's weights, from the supernet's path.

    Norms of the path have no scale and no shift: the plain head's are 1 and
    0, as it starts.
    """
    state = plain.state_dict()
    given = supernet.state_dict()
    for name in state:
        room, *rest = name.split('.')
        inner = name
        if room == 'edges':
            chosen = supernet.edges[int(rest[0])].chosen()
            inner = '.'.join(['edges', rest[0], 'ops', chosen, *rest[1:]])
        elif room == 'fusion':
            inner = '.'.join(['fusion.ops', supernet.fusion.chosen(), *rest])
        if inner in given:
            state[name] = given[inner]
        else:
            assert inner.split('.')[-2] == 'bn', inner
            assert (state[name] == (inner.endswith('weight'))).all()
    assert not [name for name in state if 'arch_' in name]
    return state


def test_costs_are_those_of_the_chosen():
    head = SearchableHead(**arguments())
    costs = head.parameter_costs()
    assert sum(each[0] for each in costs.values()) == pytest.approx(1)
    counts = {}
    for name in ('conv3x3', 'separable3x3'):
        choose(head, [name] * 4, 'add')
        plain = ordinary([name] * 4, 'add')
        counts[name] = sum(
            weight.numel() for part in (plain.edges, plain.fusion)
            for weight in part.parameters())
        counts[name, 'expected'] = head.expected(costs).item()
    choose(head, ['conv3x3'] * 4, 'concat')
    assert head.expected(costs).item() == pytest.approx(1)
    assert (counts['separable3x3', 'expected'] / counts['conv3x3', 'expected']
            ) == pytest.approx(counts['separable3x3'] / counts['conv3x3'])


def test_costs_rise_with_the_weight_of_what_costs_more():
    head = SearchableHead(**arguments())
    costs = head.parameter_costs()
    found = []
    for alpha in (-1., 0., 1.):
        with torch.no_grad():
            head.edges[0].arch_alpha[0] = alpha  # of conv3x3
        found.append(head.expected(costs))
    assert found[0] < found[1] < found[2]
    gradient, = torch.autograd.grad(found[2], head.edges[0].arch_alpha)
    assert gradient[0] > 0 > gradient[3]


def test_says_where_skip_has_most_of_the_weight():
    head = SearchableHead(**arguments())
    assert head.collapsed() == []
    choose(head, ['skip', 'conv3x3', 'skip', 'attention'], 'add')
    assert head.collapsed() == ['map_0', 'map_2']


@pytest.mark.parametrize('wrong', [
    dict(ops=['skip']), dict(ops=['skip', 'skip']),
    dict(ops=['skip', 'none']), dict(skip_dropout=1)])
def test_bad_arguments(wrong):
    name, = wrong
    with pytest.raises(ValueError, match=f'{name}='):
        SearchableHead(**arguments(**wrong))
