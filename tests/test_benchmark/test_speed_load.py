"""What others take of the cores while something is timed."""
import math
import subprocess
import sys
import time

import pytest

from mmseg_ext.basics.processor import own_cores
from mmseg_ext.benchmark import speed_load
from mmseg_ext.benchmark.speed_load import STAT, OtherLoad, is_loaded

needs_stat = pytest.mark.skipif(
    not STAT.is_file(), reason=f'needs {STAT}: Linux only')


@needs_stat
def test_a_busy_process_is_seen():
    busy = subprocess.Popen([sys.executable, '-S', '-c', 'while True: pass'])
    try:
        time.sleep(0.2)  # it starts
        load = OtherLoad()
        time.sleep(0.5)
        watched, others = load.stop()
    finally:
        busy.kill()
        busy.wait()
    assert watched >= 0.5
    assert others > 0.5 * watched
    assert is_loaded(others / watched, watched)


@needs_stat
def test_own_work_is_not_that_of_others():
    load = OtherLoad()
    start = time.process_time()
    while time.process_time() - start < 0.3:
        pass
    watched, others = load.stop()
    # what is left of the cores, but for the hundredths that are counted
    assert others <= len(own_cores()) * (watched + 0.03) - 0.3


@needs_stat
def test_nor_is_that_of_what_it_has_waited_for(monkeypatch):
    core = min(own_cores())  # else the other cores could be its work's
    monkeypatch.setattr(speed_load, 'own_cores', lambda: {core})
    load = OtherLoad()
    subprocess.run([sys.executable, '-S', '-c', f"""
import os, time
os.sched_setaffinity(0, {{{core}}})
while time.process_time() < 0.3:
    pass
"""], check=True)
    watched, others = load.stop()
    assert others <= watched + 0.03 - 0.3


def test_verdict():
    limit = max(0.1, 0.05 * len(own_cores()))
    assert is_loaded(limit + 0.01, 1.0) is True
    assert is_loaded(limit - 0.01, 1.0) is False
    assert is_loaded(limit + 0.01, 0.1) is None  # too short to be counted
    assert is_loaded(math.nan, 1.0) is None
