"""Real searches: resumed, collapsing, and what they leave."""
import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from tiny import tiny_quickstart

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.engine import SearchHook, train, two_halves

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture
def config(config_path, sem_root, tmp_path):
    """Return a config of a search of four steps."""

    def build(name: str, **kwargs):
        cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                              tmp_path / name, sem_root, 4)
        cfg.train_cfg.val_interval = 4
        cfg.default_hooks.checkpoint.update(interval=2, max_keep_ckpts=-1)
        cfg.default_hooks.search = dict(type='SearchHook', repeats=2)
        cfg.custom_hooks = []
        cfg.merge_from_dict(dict(
            train_dataloader=two_halves(cfg.train_dataloader)))
        cfg.model.update(type='SearchEncoderDecoder', frozen=0.25, **kwargs)
        cfg.model.decode_head.update(
            type='SearchableHead', ops=['conv3x3', 'conv1x1', 'skip'])
        cfg.optim_wrapper.constructor = 'SearchOptimWrapperConstructor'
        cfg.param_scheduler = dict(weights=cfg.param_scheduler, arch=[])
        cfg.randomness = dict(seed=0)
        return cfg

    return build


def test_a_resumed_search_is_the_unbroken_one(config, tmp_path, capsys):
    whole = train(config('whole'))
    assert 'AdamW at learning rate' in capsys.readouterr().out
    costs = json.loads((tmp_path / 'whole/op_costs.json').read_text())
    assert {*costs['latency']} == {
        'map_0', 'map_1', 'map_2', 'map_3', 'integration'}
    assert sum(each[0] for each in costs['latency'].values()) == (
        pytest.approx(1))
    assert costs['sizes']['map_0'] == [16, 16]
    row, = read_table(tmp_path / 'whole/curves.csv')
    assert 0.9 < float(row['search.entropy.map_3']) <= 1
    assert float(row['search.temperature']) < 1
    assert {'search.latency', 'search.params', 'search.skip'} <= {*row}
    log, = (tmp_path / 'whole').glob('*/*.log')
    assert 'The genotype by the largest weights: ' in log.read_text()
    # elsewhere: the costs come from the checkpoint
    (tmp_path / 'part').mkdir()
    shutil.copy(tmp_path / 'whole/iter_2.pth', tmp_path / 'part')
    (tmp_path / 'part/last_checkpoint').write_text(
        str(tmp_path / 'part/iter_2.pth'))
    again = train(config('part'), resume=True)
    states = [runner.model.state_dict() for runner in (whole, again)]
    assert any('arch_alpha' in name for name in states[0])
    for name, value in states[0].items():
        assert torch.equal(states[1][name], value), name
    for one, other in zip(*(
            runner.optim_wrapper['arch'].state_dict()['state'].values()
            for runner in (whole, again))):
        assert torch.equal(one['exp_avg_sq'], other['exp_avg_sq'])


def test_a_search_that_collapses_ends(config, tmp_path):
    cfg = config('collapsed', beta=100.)
    cfg.optim_wrapper.arch = dict(lr=9.)
    cfg.model.decode_head.ops = ['conv3x3', 'skip']
    cfg.default_hooks.checkpoint.interval = 1
    runner = train(cfg)
    assert runner.iter == 2  # of 4, the first of them frozen
    log, = (tmp_path / 'collapsed').glob('*/*.log')
    assert 'collapses by iteration 2: skip has more' in log.read_text()


def test_is_of_a_search(config):
    cfg = config('plain')
    cfg.optim_wrapper.pop('constructor')
    cfg.param_scheduler = []
    with pytest.raises(ValueError, match='SearchOptimWrapperConstructor'):
        train(cfg)
    with pytest.raises(ValueError, match='not of Linear'):
        SearchHook().before_train(SimpleNamespace(
            model=torch.nn.Linear(1, 1)))
