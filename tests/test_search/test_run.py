"""Three tiny trials through the real worker, and the final table."""
import json
from dataclasses import replace

import pytest
from tiny_search import write_search

from mmseg_ext.search import Settings, read_search, run_search
from mmseg_ext.search.evaluation import Evaluation
from mmseg_ext.search.records import PRUNED
from mmseg_ext.search.report import JUDGES
from mmseg_ext.search.study import STARTUP, Study

optuna = pytest.importorskip('optuna', reason='needs the extra search')
pytestmark = pytest.mark.slow

SEED = 3  # whose second trial does not fit, and whose third does


@pytest.fixture(scope='module')
def done(repository, sem_root, tmp_path_factory, lean_processes, warm_python):
    """The base, one whose head does not fit the neck, and a good one."""
    here = tmp_path_factory.mktemp('search')
    search = read_search(write_search(
        here / 'tiny.py', repository, sem_root,
        ("'model.decode_head.channels': [16, 17],\n", ''),
        ("coupled = [dict(when={'model.neck.integration': 'add'}",
         "coupled = [dict(when={'model.neck.integration': 'add',"
         " 'optim_wrapper.optimizer.lr': 0.003}")))
    lines = []
    report, failures = run_search(
        search, here / 'work', Settings(trials=3, seed=SEED),
        echo=lines.append)
    return search, here / 'work/tiny', report, failures, lines


def test_the_base_and_a_misfit(done):
    _, root, report, failures, lines = done
    assert not failures
    table = (root / 'tpe/trials.csv').read_text().splitlines()
    states = [line.split(',')[1] for line in table[1:]]
    assert states == ['finished', 'failed', 'finished']
    assert 'size' in report.text or 'channels' in report.text
    assert any('(the base)' in line for line in lines)
    # a training for each that could be built, and two of the final table
    assert len([*root.glob('runs/*/seed_0/result.json')]) == 2
    assert len([*root.glob('runs/*/seed_1/result.json')]) == 2


def test_judged_by_validation_and_said_so(done):
    _, root, report, _, _ = done
    assert JUDGES[0] in report.text
    for path in root.glob('runs/*/seed_0/result.json'):
        result = json.loads(path.read_text())
        assert result['data']['test']['images'] == 2  # the validation's
        curves = (path.parent / 'work/curves.csv').read_text().splitlines()
        assert [line.split(',')[0] for line in curves[1:]] == ['1', '2']
        last = dict(zip(curves[0].split(','), curves[-1].split(',')))
        assert result['metrics']['mIoU'] == float(last['mIoU'])


def test_again_nothing_is_done(done):
    search, root, report, _, _ = done
    lines = []
    again, failures = run_search(
        search, root.parent, Settings(trials=3, seed=SEED),
        echo=lines.append)
    assert not failures and again.text == report.text
    assert all('finished already' in line for line in lines[1:])


def test_hopeless_is_stopped_at_a_rung(done, tmp_path):
    search = replace(done[0], steps=10**6)
    study = Study(search, Settings(trials=6), tmp_path / 'tpe')
    others = study.next()
    params = dict(others.params)
    study.study.tell(others, 99.0)
    for _ in range(STARTUP):  # of which each had a score of 99 there
        study.study.add_trial(optuna.trial.create_trial(
            value=99.0, params=params, distributions=others.distributions,
            intermediate_values={1: 99.0}))
    trial = study.next()
    judgement = Evaluation(search, tmp_path, True).judge(
        trial, dict(search.start))
    reason, record = None, None
    while record is None:
        try:
            work = judgement.send(reason)
        except StopIteration as found:
            record = found.value
        else:
            reason = work.job.execute(work.stop)
    assert record.state == PRUNED and 'after 1 step ' in record.note
    assert not [*tmp_path.rglob('runs/*/*/result.json')]
    assert study.trials()[-1].intermediate_values.keys() == {1}
