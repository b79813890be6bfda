"""Page faults and resident memory, each in a process of its own."""
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != 'glibc', reason='of glibc alone')

LOOP = """
import resource
from mmseg_ext.basics import allocator
import numpy as np

def resident():
    pages = int(open('/proc/self/statm').read().split()[1])
    return pages * resource.getpagesize()

{first}
start = resident()
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    maps = [np.ones(5_000_000, np.float32) for _ in range(8)]  # 20 MB each
    del maps
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
allocator.trim_heap()
print(faults, resident() - start)
"""


def measure(first: str) -> tuple[int, int]:
    """Page faults of the last of equal steps, and bytes that stay."""
    done = subprocess.run(
        [sys.executable, '-c', LOOP.format(first=first)], check=True,
        capture_output=True, text=True)
    faults, resident = done.stdout.split()
    return int(faults), int(resident)


def test_kept_memory_is_not_asked_for_again():
    faults, resident = measure('allocator.keep_freed_blocks()')
    assert faults < 100
    assert resident < 80e6  # and can still be given back


@pytest.mark.parametrize('first', ['', 'allocator.return_freed_blocks()'])
def test_else_every_page_of_a_map_is(first):
    faults, _ = measure(first)
    assert faults > 8 * 5_000_000 * 4 / 2**16 / 2
