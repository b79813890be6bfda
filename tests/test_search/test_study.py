"""Which candidates come, on a score that is a formula."""
import math
import sys
from contextlib import suppress
from dataclasses import replace

import pytest
from mmengine.config import Config
from tiny_search import write_search

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.search import Settings, read_search
from mmseg_ext.search.loop import try_candidates
from mmseg_ext.search.records import (
    FAILED,
    FINISHED,
    PRUNED,
    Record,
    front,
    ranked,
    read_records,
)
from mmseg_ext.search.report import write_report
from mmseg_ext.search.study import JOURNAL, Study

pytest.importorskip('optuna', reason='needs the extra search')

LR = 'optim_wrapper.optimizer.lr'
HEAD = 'model.decode_head.channels'
NECK = 'model.neck.integration'


class Formula:
    """Judge at once: best is add at a learning rate of 0.002; 17 fails."""

    def __init__(self, search, stop_at=None):
        self.search, self.stop_at, self.judged = search, stop_at, []

    def judge(self, trial, values):
        if trial.number == self.stop_at:
            raise KeyboardInterrupt
        yield from ()  # it needs no jobs
        self.judged.append(trial.number)
        known = dict(number=trial.number, values=values, seconds=1.0)
        if values[HEAD] == 17:
            return Record(state=FAILED, note='17 is odd', **known)
        add = values[NECK] == 'add'
        numbers = dict(
            accuracy=60 + 20 * add - 10 * abs(math.log(values[LR] / 2e-3)),
            latency=0.9 if add else 1.0, parameters=values[HEAD] / 16)
        trial_terms = self.search.score.terms(**numbers)
        trial.report(trial_terms.total, 1)
        if trial.should_prune():
            return Record(state=PRUNED, note='behind', **known)
        return Record(state=FINISHED, terms=trial_terms, **numbers, **known)


@pytest.fixture
def search(tmp_path, repository, sem_root):
    return read_search(write_search(
        tmp_path / 'tiny.py', repository, sem_root,
        ('[16, 17]', '[16, 17, 32]'),
        ('[0.001, 0.003]', 'dict(low=1e-4, high=1e-2, log=True)')))


@pytest.fixture
def discrete(tmp_path, repository, sem_root):
    return read_search(write_search(
        tmp_path / 'tiny.py', repository, sem_root))


def tried(search, folder, settings, stop_at=None):
    study = Study(search, settings, folder)
    formula = Formula(search, stop_at)
    lines = []
    with suppress(KeyboardInterrupt):
        try_candidates(study, formula, lines.append)
    return study, read_records(study), formula.judged, lines


def test_base_first_best_found_failures_listed(search, tmp_path):
    study, records, _, lines = tried(
        search, tmp_path / 'tpe', Settings(trials=30))
    assert records[0].values == search.start
    assert len(records) == 30
    best = ranked(records)[0]
    assert best.values[NECK] == 'add'
    assert best.score > ranked(records[:1])[0].score
    assert {record.state for record in records} == {
        FINISHED, PRUNED, FAILED}
    assert any('to go' in line for line in lines)
    text = write_report(study, ()).text
    assert '17 is odd' in text
    table = (tmp_path / 'tpe/trials.csv').read_text().splitlines()
    assert len(table) == 31
    cfg = Config.fromfile(tmp_path / 'tpe/best.py')
    assert cfg.model.neck.integration == 'add'


@pytest.mark.parametrize('sampler', ['tpe', 'random'])
def test_interrupted_is_as_unbroken(search, tmp_path, sampler):
    settings = Settings(sampler, trials=16)
    _, whole, _, _ = tried(search, tmp_path / 'whole', settings)
    _, half, first, _ = tried(search, tmp_path / 'broken', settings, 7)
    assert half[-1].state == 'running' and first == [*range(7)]
    with open(tmp_path / 'broken' / JOURNAL, 'ab') as journal:
        journal.write(b'{"op_code": 4, "wor')  # a kill in the middle of a line
    _, records, rest, _ = tried(search, tmp_path / 'broken', settings)
    assert rest[0] == 7 and not {*first} & {*rest}
    assert [r.values for r in records] == [r.values for r in whole]
    assert [r.state for r in records] == [r.state for r in whole]


def test_nothing_is_trained_twice(discrete, tmp_path):
    _, records, judged, _ = tried(
        discrete, tmp_path / 'tpe', Settings('random', trials=30))
    assert len(judged) <= 8  # as many candidates as there are
    again = [record for record in records if record.same_as is not None]
    assert len(again) == 30 - len(judged)
    for record in again:
        first = records[record.same_as]
        assert (record.state, record.accuracy) == (first.state,
                                                   first.accuracy)


def test_multi_objective_prunes_nothing_by_rungs(search, tmp_path):
    class Plain(Formula):
        def judge(self, trial, values):
            yield from ()
            add = values[NECK] == 'add'
            return Record(trial.number, FINISHED, values,
                          accuracy=60 - 5 * add, latency=0.5 if add else 1.0,
                          parameters=values[HEAD] / 16, seconds=1.0,
                          terms=self.search.score.terms(1, 1, 1))

    study = Study(search, Settings(multi=True, trials=20), tmp_path / 'multi')
    try_candidates(study, Plain(search), lambda line: None)
    found = front(read_records(study))
    assert {record.values[HEAD] for record in found} == {16}
    assert {record.values[NECK] for record in found} == {'concat', 'add'}
    text = write_report(study, ()).text
    assert 'Which choice matters' in text
    parts = read_table(tmp_path / 'multi/importance.csv')
    assert sum(float(part['importance']) for part in parts) == (
        pytest.approx(1, abs=0.002))
    assert parts[0]['key'] != LR  # which does nothing here


def test_other_settings_are_refused(search, tmp_path):
    tried(search, tmp_path / 'tpe', Settings(trials=1))
    with pytest.raises(ValueError, match='another seed'):
        Study(search, Settings(seed=1), tmp_path / 'tpe')


def test_without_the_extra(search, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'optuna', None)
    with pytest.raises(ImportError, match=r'\[search\]'):
        Study(search, Settings(), tmp_path / 'tpe')


def test_what_nothing_came_of_is_begun_anew(search, tmp_path):
    tried(search, tmp_path / 'tpe', Settings(trials=1), stop_at=0)
    other = replace(search, objective='aAcc')
    _, records, _, _ = tried(other, tmp_path / 'tpe', Settings(trials=2))
    assert [record.number for record in records] == [0, 1]
