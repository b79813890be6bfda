"""tools/derive.py: from a supernet to an ordinary config, which is its path.
"""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from run_tool import run_tool
from tiny import tiny_quickstart

from mmseg_ext.engine import load_config, load_trained, train, two_halves
from mmseg_ext.search.gradient.perturbation import (
    architecture_batches,
    choose_by_perturbation,
)

OPS = ['conv3x3', 'conv1x1', 'skip']
CHOSEN = ['skip', 'conv3x3', 'conv1x1', 'conv3x3']

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture(scope='module')
def here(tmp_path_factory, config_path, sem_root):
    """A folder with a search's config and checkpoint, and their base."""
    here = tmp_path_factory.mktemp('search')
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          here / 'work', sem_root)
    cfg.model.decode_head.update(
        type='GenotypeHead', ops=['conv3x3'] * 4, dropout_ratio=0)
    cfg.dump(here / 'base.py')
    cfg.merge_from_dict(dict(
        train_dataloader=two_halves(cfg.train_dataloader)))
    cfg.derive_base = str(here / 'base.py')
    cfg.model.type = 'SearchEncoderDecoder'
    cfg.model.decode_head.update(type='SearchableHead', ops=OPS)
    (here / 'run').mkdir()
    cfg.dump(here / 'run/search.py')
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for name, edge in zip(CHOSEN, model.decode_head.edges):
        torch.nn.init.normal_(edge.arch_alpha)
        with torch.no_grad():
            edge.arch_alpha[OPS.index(name)] = 4
    torch.nn.init.normal_(model.decode_head.conv_seg.weight)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(iter=9)),
               here / 'run/iter_9.pth')
    return here


def derived(here, repository, *arguments):
    return run_tool(repository / 'tools/derive.py', 'run/iter_9.pth',
                    *arguments, cwd=here)


def test_argmax_is_the_path_of_the_supernet(here, repository):
    text, reason = derived(here, repository, 'out.py', '--select', 'argmax')
    assert reason is None, text
    assert f'argmax   {", ".join(CHOSEN)}; ' in text
    cfg = load_config(str(here / 'out.py'))
    assert cfg.model.decode_head.ops == CHOSEN
    assert cfg.model.type == 'EncoderDecoder'
    supernet = load_trained(load_config(str(here / 'run/search.py')),
                            str(here / 'run/iter_9.pth'))
    head = supernet.decode_head
    state = supernet.state_dict()
    for mixture in head.mixtures().values():  # nothing but the path
        mixture.temperature.fill_(1e-3)
        with torch.no_grad():
            mixture.arch_alpha[mixture.weights().argmax()] += 9
    plain = MODELS.build(cfg.model)
    # norms of the path have no scale: the plain model's stay as they start
    for i, name in enumerate(CHOSEN):
        state = {key.replace(f'edges.{i}.ops.{name}.', f'edges.{i}.'): value
                 for key, value in state.items()}
    fusion = f'fusion.ops.{head.fusion.chosen()}.'
    missing, surplus = plain.load_state_dict({
        key.replace(fusion, 'fusion.'): value
        for key, value in state.items()}, strict=False)
    assert {key.rpartition('.')[2] for key in missing} == {'weight', 'bias'}
    assert all('.bn.' in key for key in missing)
    assert all('.ops.' in key or 'arch_' in key or 'temperature' in key
               for key in surplus)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(plain.eval()(image, mode='tensor'),
                                   supernet(image, mode='tensor'))
    text, reason = derived(here, repository, 'out.py')
    assert 'out.py exists already' in str(reason) + text


def test_perturb_says_both_and_writes_the_control(here, repository):
    text, reason = derived(here, repository, 'searched.py', '--batches', '2',
                           '--random', '2', '--seed', '3')
    assert reason is None, text
    assert 'argmax   ' in text and 'perturb  ' in text
    assert 'They differ. ' in text or 'Both say the same.' in text
    for name in ('searched', 'searched_random_0', 'searched_random_1'):
        assert f'{name}.py' in text
    # what it chose, by removing each operation by hand
    cfg = load_config(str(here / 'run/search.py'))
    net = load_trained(cfg, str(here / 'run/iter_9.pth'))
    batches = list(architecture_batches(cfg, 2, 3))
    assert {sample.metainfo['half'] for batch in batches
            for sample in batch['data_samples']} == {'architecture'}
    genotype, drops = choose_by_perturbation(net, batches)
    assert load_config(str(here / 'searched.py')).model.decode_head.ops == (
        list(genotype.ops))
    edge = net.decode_head.edges[0]
    whole = mean_iou(net, batches)
    for i, name in enumerate(OPS):
        alpha = edge.arch_alpha.detach().clone()
        with torch.no_grad():
            edge.arch_alpha[i] = -torch.inf
            lost = whole - mean_iou(net, batches)
            edge.arch_alpha.copy_(alpha)
        assert drops['map_0'][name] == pytest.approx(lost, abs=1e-4)
    # an ordinary config, whose checkpoints have no architecture
    cfg = load_config(str(here / 'searched.py'),
                      work_dir=str(here / 'trained'))
    cfg.train_cfg.update(max_iters=1, val_interval=1)
    state = train(cfg).model.state_dict()
    assert not [name for name in state if 'arch_' in name]


def mean_iou(net, batches) -> float:
    """Return mIoU in percent, counted pixel by pixel of each class."""
    pairs = []
    for batch in batches:
        data = net.data_preprocessor(batch, True)
        with torch.no_grad():
            logits = net(data['inputs'], mode='tensor')
        found = torch.nn.functional.interpolate(
            logits, data['inputs'].shape[2:], mode='bilinear').argmax(1)
        pairs += [(each, sample.gt_sem_seg.data[0]) for each, sample in zip(
            found, data['data_samples'])]
    found, truth = (torch.stack(each) for each in zip(*pairs))
    found = found[truth != 255]
    truth = truth[truth != 255]
    return 100 * sum(
        float(((found == c) & (truth == c)).sum()
              / ((found == c) | (truth == c)).sum())
        for c in truth.unique()) / len(truth.unique())


@pytest.mark.parametrize(('arguments', 'named'), [
    (('searched.txt', ), 'has to end in .py'),
    (('new.py', '--config', 'base.py'), 'has no derive_base'),
    (('new.py', '--cfg-options', 'derive_base=none.py'), 'no config none')])
def test_bad_input(here, repository, arguments, named):
    text, reason = derived(here, repository, *arguments)
    assert named in f'{text}{reason}'
    assert not (here / 'new.py').exists()
