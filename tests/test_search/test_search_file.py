"""Search files: what is taken, what is refused and how that is said."""
import pytest
from tiny_search import write_search

from mmseg_ext.search import read_search
from mmseg_ext.search.candidate import candidate_config, run_config


@pytest.fixture
def write(tmp_path, repository, sem_root):
    return lambda *changes: write_search(
        tmp_path / 'tiny.py', repository, sem_root, *changes)


def test_candidates_follow_the_values(write):
    search = read_search(write())
    assert search.start == {
        'model.neck.integration': 'concat',  # the class's default
        'model.decode_head.channels': 16,
        'optim_wrapper.optimizer.lr': 0.001}
    base = candidate_config(search, search.start)
    assert base.model.to_dict() == search.cfg.model.to_dict()
    cfg = candidate_config(search, {
        **search.start, 'model.neck.integration': 'add',
        'optim_wrapper.optimizer.lr': 0.003})
    assert cfg.model.neck.integration == 'add'
    assert cfg.model.decode_head.in_channels == [8, 16, 40, 64]
    assert cfg.optim_wrapper.optimizer.lr == 0.003


def test_validated_at_rungs_alone(write):
    search = read_search(write(
        ('dict(steps=2)', 'dict(steps=12)'), ('[1]\ninp', '[2, 5]\ninp')))
    train_cfg = run_config(search, search.cfg, 0).train_cfg
    loop = train_cfg.dynamic_intervals

    def validates(step):  # mmengine's rule
        interval = train_cfg.val_interval
        for begin, then in loop:
            interval = then if step + 1 >= begin else interval
        return step % interval == 0 or step == train_cfg.max_iters

    assert [step for step in range(1, 13) if validates(step)] == [2, 5, 12]


@pytest.mark.parametrize('old, new, words', [
    ('model.neck.integration\': [', 'model.neck.integratoin\': [',
     'Near it: model.neck.integration'),
    ('wrapper.optimizer.lr', 'wraper.optimizer.lr',
     'Near it: optim_wrapper.optimizer.lr'),
    ('[16, 17]', '[16]', 'of which nothing can be chosen'),
    ('[16, 17]', '[17, 18]', 'is 16 in the base, and searched is one of 17'),
    ('[16, 17]', '[16, 16]', 'the same value twice'),
    ('[16, 17]', 'dict(low=32, high=16)', 'the first less'),
    ('\'add\'},', '\'sum\'},', "is 'sum', searched is one of"),
    ('when={\'model.neck.integration', 'when={\'model.neck.direction',
     'which space does not list'),
    ('rungs = [1]', 'rungs = [1, 3]', '2 at most'),
    ('seeds=[1]', 'seeds=[0, 1]', 'seeds has 0, which trials had'),
    ('objective = ', 'objectiv = ', 'has objectiv; what there can be'),
    ("'custom_hooks'", "'train_cfg': dict(type='EpochBasedTrainLoop', "
     "max_epochs=1, _delete_=True), 'custom_hooks'", 'a budget counts steps'),
])
def test_refused(write, old, new, words):
    with pytest.raises(ValueError) as error:
        read_search(write((old, new)))
    assert words in str(error.value)


def test_ranges_and_the_shipped_file(repository):
    search = read_search(repository / 'configs/search/sem_xattn.py')
    allowed = search.space['optim_wrapper.optimizer.lr']
    assert allowed.holds(3e-4) and not allowed.holds(2e-4)
    assert not allowed.whole
    # of every direction and integration the head fits the neck
    from mmseg.registry import MODELS

    for direction in ('forward', 'backward'):
        for integration in ('concat', 'add'):
            cfg = candidate_config(search, {
                **search.start, 'model.neck.direction': direction,
                'model.neck.integration': integration})
            neck = MODELS.build(cfg.model.neck)
            assert neck.out_channels == cfg.model.decode_head.in_channels
