"""How many threads the processes of a machine without a GPU get."""
import os
import subprocess

import pytest

needs_affinity = pytest.mark.skipif(
    not hasattr(os, 'sched_getaffinity'), reason='no affinity here')


def usable_cores(repository, cores) -> int:
    done = subprocess.run(
        ['bash', '-c', 'source tools/_env.sh; usable_cores'], cwd=repository,
        preexec_fn=lambda: os.sched_setaffinity(0, cores), text=True,
        stdout=subprocess.PIPE, check=True,
        env=dict(os.environ, OMP_NUM_THREADS='1'))
    return int(done.stdout)


@needs_affinity
def test_cores_are_those_of_this_process(repository):
    own = sorted(os.sched_getaffinity(0))
    assert 1 <= usable_cores(repository, own) <= len(own)
    assert usable_cores(repository, own[:1]) == 1
