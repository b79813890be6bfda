"""Real trainings on two domains: resumed, and in several processes."""
import re
import shutil
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from domain_batches import batch, build
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from ranks import in_ranks
from tiny import tiny_quickstart
from tiny_segmentor import tiny_config

from mmseg_ext.engine import AdaptationHook, load_trained, train

pytestmark = pytest.mark.usefixtures('one_thread')
KINDS = dict(
    self_training=dict(
        type='SelfTrainingEncoderDecoder', alpha=0.9, threshold=0.3,
        mix='class', mask_ratio=0.5),
    adversarial=dict(
        type='AdversarialEncoderDecoder', adv_weight=0.1, ndf=2))


@pytest.fixture
def config(config_path, sem_root, tmp_path):
    """Return a config of four steps of one of the kinds."""

    def build(name: str, kind: str):
        cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                              tmp_path / name, sem_root, 4)
        cfg.train_cfg.val_interval = 4
        cfg.default_hooks.checkpoint.update(interval=2, max_keep_ckpts=-1)
        cfg.custom_hooks = []
        loader = cfg.train_dataloader
        loader.sampler = dict(type='InfiniteSampler', shuffle=True)
        loader.batch_sampler = dict(type='DomainBatchSampler')
        loader.dataset = dict(
            type='SourceTargetDataset', source=loader.dataset,
            target=str(sem_root / 'images/val'))
        cfg.plain = cfg.model.to_dict()
        cfg.model.update(KINDS[kind])
        cfg.randomness = dict(seed=0)
        return cfg

    return build


@pytest.mark.parametrize('kind', KINDS)
def test_a_resumed_training_is_the_unbroken_one(config, kind, tmp_path,
                                                capsys):
    cfg = config('whole', kind)
    whole = train(cfg, ema=True)
    head = re.sub(' +', ' ', capsys.readouterr().out)
    assert '\ntraining 6 images in ' in head
    assert ', batches of 2,' in head
    (tmp_path / 'part').mkdir()
    shutil.copy(tmp_path / 'whole/iter_2.pth', tmp_path / 'part')
    (tmp_path / 'part/last_checkpoint').write_text(
        str(tmp_path / 'part/iter_2.pth'))
    again = train(config('part', kind), resume=True, ema=True)
    states = [{**runner.model.state_dict(), **runner.model.training_state()}
              for runner in (whole, again)]
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        assert torch.equal(states[1][name], value), name
    # the whole checkpoint is the plain config's
    path = str(tmp_path / 'whole/iter_4.pth')
    assert torch.load(path, weights_only=False)['adaptation']
    plain = cfg.copy()
    load_trained(plain, path)  # and its own, as for an export
    plain.model = cfg.plain
    load_trained(plain, path)


def test_a_start_from_weights_is_no_resumed_training():
    hook = AdaptationHook()
    net = build(**KINDS['self_training']).train()
    hook.after_load_checkpoint(None, dict(adaptation=dict(steps=3)))
    hook.before_train(SimpleNamespace(model=net, iter=0))
    net.loss(*batch())
    assert net.training_state()['steps'] == 1
    # nor has a plain model anything to restore
    hook.after_load_checkpoint(None, dict(adaptation=dict(steps=3)))
    hook.before_train(SimpleNamespace(model=build(), iter=3))


def step_in_a_rank(kind, path):
    dist.init_process_group('gloo')
    rank = dist.get_rank()
    net = MMDistributedDataParallel(build(**KINDS[kind]).train())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    torch.manual_seed(rank)
    for step in range(2):
        images, samples = batch(seed=2 * step + rank)
        losses = net(images, samples, mode='loss')
        OptimWrapper(optimizer).update_params(
            net.module.parse_losses(losses)[0])
    state = {**dict(net.module.named_parameters()),
             **{name: value for name, value in
                net.module.training_state().items()
                if 'running' not in name}}
    for name, value in state.items():
        gathered = [torch.zeros_like(value) for _ in range(2)]
        dist.all_gather(gathered, value.detach())
        assert torch.equal(*gathered), name
    if rank == 0:
        torch.save(net.module.state_dict(), path)
    dist.destroy_process_group()


@pytest.mark.parametrize('kind', KINDS)
def test_in_two_processes(kind, tmp_path):
    path = tmp_path / 'student.pth'
    in_ranks(2, step_in_a_rank, kind, path)
    load_trained(tiny_config(), str(path))
