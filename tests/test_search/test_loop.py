"""Several trials at once, whose jobs are processes that are held."""
import threading
import time
from pathlib import Path

import held_work
import pytest
from held_work import Work as Job
from held_work import new_job, wait_for
from tiny_search import write_search

from mmseg_ext.basics import FileLock
from mmseg_ext.basics.executors import Ended, open_executor
from mmseg_ext.basics.executors.processes import ProcessesExecutor
from mmseg_ext.search import Settings, read_search
from mmseg_ext.search.evaluation import Work
from mmseg_ext.search.loop import try_candidates
from mmseg_ext.search.records import (
    FAILED,
    FINISHED,
    PRUNED,
    RUNNING,
    Record,
    read_records,
)
from mmseg_ext.search.study import Study

pytest.importorskip('optuna', reason='needs the extra search')

NUMBERS = dict(accuracy=50.0, latency=1.0, parameters=1.0)


class Held:
    """Each trial is two jobs, which are held by files.

    Args:
        search: What is searched.
        hold: Let the first job of these trials wait to be let go.
        broken: The first job of these trials fails.
        share: Those behind the base have the second job in common.
    """

    def __init__(self, search, hold=(), broken=(), share=False):
        self.search, self.hold, self.broken = search, hold, broken
        self.share, self.jobs, self.stopped = share, {}, ()

    def judge(self, trial, values):
        number = trial.number
        known = dict(number=number, values=values, seconds=1.0)
        first = self.jobs[number] = Job(Path('out', f'{number}'))
        if not first.folder.exists():
            new_job(f'{number}', **dict(hold=1) if number in self.hold else {},
                    **dict(broken=1) if number in self.broken else {})
        second = Path('out', 'shared' if self.share and number else
                      f'{number}-second')
        second.mkdir(exist_ok=True)
        reason = yield Work(first, lambda: number in self.stopped)
        if reason is None:
            reason = yield Work(Job(second))
        if reason is not None:
            state = PRUNED if number in self.stopped else FAILED
            return Record(state=state, note=reason, **known)
        return Record(state=FINISHED, **NUMBERS, **known,
                      terms=self.search.score.terms(**NUMBERS))


@pytest.fixture
def search(tmp_path, repository, sem_root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(Path(held_work.__file__).parent))
    return read_search(write_search(
        tmp_path / 'tiny.py', repository, sem_root,
        # no two candidates are the same
        ('[0.001, 0.003]', 'dict(low=1e-4, high=1e-2, log=True)')))


@pytest.fixture
def begin():
    """Try candidates in a thread; return their study, lines and the thread.
    """
    threads = []

    def begin(search, judge, trials, processes=2):
        study = Study(search, Settings('random', trials=trials),
                      Path('random'))
        lines = []

        def work():
            with open_executor(processes=processes) as executor:
                try_candidates(study, judge, lines.append, executor)

        threads.append(threading.Thread(target=work))
        threads[0].start()
        return study, lines, threads[0]

    yield begin
    while threads[0].is_alive():  # a test has failed
        for path in Path('out').glob('*/hold'):
            path.unlink()
        threads[0].join(0.1)


def let_go(job):
    (job.folder / 'hold').unlink()


def test_two_at_once_behind_the_base(search, begin):
    judge = Held(search, hold=(0, 1, 2), broken=(2, ))
    study, lines, thread = begin(search, judge, 4)
    wait_for(lambda: 0 in judge.jobs and judge.jobs[0].pids())
    assert [*judge.jobs] == [0]
    let_go(judge.jobs[0])
    wait_for(lambda: {1, 2} <= {*judge.jobs} and judge.jobs[1].pids()
             and judge.jobs[2].pids())
    assert 3 not in judge.jobs
    let_go(judge.jobs[2])
    wait_for(lambda: 3 in judge.jobs)
    let_go(judge.jobs[1])
    thread.join(60)
    assert [record.state for record in read_records(study)] == [
        FINISHED, FINISHED, FAILED, FINISHED]
    assert read_records(study)[2].note == 'ended with status 3'
    assert any(line.startswith('[3/4] failed: ended') for line in lines)
    assert any(line.startswith('[2/4] out/1/log') for line in lines)


def test_what_is_hopeless_is_ended(search, begin):
    judge = Held(search, hold=(1, ))
    study, _, thread = begin(search, judge, 3)
    wait_for(lambda: 1 in judge.jobs and judge.jobs[1].pids())
    judge.stopped = (1, )
    thread.join(60)
    assert [record.state for record in read_records(study)] == [
        FINISHED, PRUNED, FINISHED]


@pytest.mark.parametrize('broken', [False, True])
def test_one_job_of_two_trials_is_done_once(search, begin, broken):
    shared = new_job('shared', hold=1, **dict(broken=1) if broken else {})
    judge = Held(search, share=True)
    study, _, thread = begin(search, judge, 3)
    wait_for(lambda: shared.pids() and {1, 2} <= {*judge.jobs} and all(
        job.done.exists() for job in judge.jobs.values()))
    time.sleep(0.3)  # for the second to ask for it
    assert len(shared.pids()) == 1
    let_go(shared)
    thread.join(60)
    states = [record.state for record in read_records(study)]
    assert states == [FINISHED] + 2 * [FAILED if broken else FINISHED]
    assert len(shared.pids()) == 1 + broken  # what failed is tried again


def test_the_same_candidate_waits_for_the_first(
        begin, search, tmp_path, repository, sem_root):
    one_choice = read_search(write_search(
        tmp_path / 'one.py', repository, sem_root,
        ("    'model.neck.integration': ['concat', 'add'],\n", ''),
        ("    'model.decode_head.channels': [16, 17],\n", ''),
        ("dict(when={'model.neck.integration': 'add'},\n", ''),
        ("then={'model.decode_head.in_channels': [8, 16, 40, 64]})", '')))
    judge = Held(one_choice, hold=range(1, 16))
    study, lines, thread = begin(one_choice, judge, 16, 4)
    # of two values the base has one
    wait_for(lambda: sum('waits for the same' in line for line in lines) == 4)
    other, = (job for number, job in judge.jobs.items() if number)
    let_go(other)
    thread.join(60)
    records = read_records(study)
    assert {record.state for record in records} == {FINISHED}
    assert sum(record.same_as is None for record in records) == 2
    assert len(judge.jobs) == 2


def try_all(search, judge, trials, executor):
    """Return what was lost, and the records."""
    study = Study(search, Settings('random', trials=trials), Path('random'))
    with executor:
        lost = try_candidates(study, judge, print, executor)
    return lost, read_records(study)


def test_what_another_process_is_at_is_left_for_another_call(search):
    judge = Held(search)
    lock = FileLock(new_job('1-second').lock, keep=True)
    assert lock.acquire()
    lost, records = try_all(search, judge, 3, open_executor(processes=2))
    assert [record.state for record in records] == [
        FINISHED, RUNNING, FINISHED]
    assert [failure.what for failure in lost] == ['trial 1']
    lock.release()
    lost, records = try_all(search, judge, 3, open_executor(processes=2))
    assert not lost
    assert [record.state for record in records] == 3 * [FINISHED]


class Losing(ProcessesExecutor):
    """Loses the workers of one folder, as a cluster may."""
    folder = Path('out/0')

    def wait(self, *idle):
        ended = super().wait(*idle)
        return (Ended(ended.job, 'lost 3 workers', True)
                if ended.job.folder == self.folder else ended)


def test_lost_workers_are_no_fault_of_the_candidate(search):
    judge = Held(search, broken=(0, ))
    lost, records = try_all(search, judge, 3, Losing(2))
    assert [record.state for record in records] == [RUNNING]  # the base
    assert [failure.reason for failure in lost] == ['lost 3 workers']
    Path('out/0/broken').unlink()
    lost, records = try_all(search, judge, 3, open_executor(processes=2))
    assert not lost
    assert [record.state for record in records] == 3 * [FINISHED]


def test_all_that_were_interrupted_go_on(search):
    study = Study(search, Settings('random', trials=4), Path('random'))
    started = [study.next() for _ in range(1)]
    started += [study.next({0}), study.next({0, 1})]
    assert [trial.number for trial in started] == [0, 1, 2]
    judge = Held(search)
    with open_executor(processes=2) as executor:
        try_candidates(study, judge, print, executor)
    records = read_records(study)
    assert [record.number for record in records] == [0, 1, 2, 3]
    assert {record.state for record in records} == {FINISHED}
    assert records[1].values == study.values(started[1].params)
