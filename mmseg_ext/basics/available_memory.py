"""How much memory can be allocated, as far as the system says."""
import os
from pathlib import Path

try:
    import resource
except ImportError:  # on Windows
    resource = None

MEMORY, STATUS = Path('/proc/meminfo'), Path('/proc/self/statm')
# Of a container: limit, usage, and what of it are files that can go.
GROUPS = (('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory.current',
           '/sys/fs/cgroup/memory.stat'),
          ('/sys/fs/cgroup/memory/memory.limit_in_bytes',
           '/sys/fs/cgroup/memory/memory.usage_in_bytes',
           '/sys/fs/cgroup/memory/memory.stat'))


def available_memory() -> float:
    """Return the bytes that can be allocated; infinite if nobody knows."""
    return min(_of_machine(), _of_process(),
               *(_of_group(*files) for files in GROUPS))


def _of_machine() -> float:
    try:
        for line in MEMORY.read_text().splitlines():
            if line.startswith('MemAvailable:'):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError):
        pass
    try:  # macOS and the like; all of it, for want of the free part
        return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    except (AttributeError, OSError, ValueError):
        return float('inf')


def _of_process() -> float:
    """Return what a limit of the shell's leaves, ``ulimit -v``."""
    if resource is None:
        return float('inf')
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return float('inf')
    try:
        pages = int(STATUS.read_text().split()[0])
    except (OSError, ValueError):
        return most
    return max(0, most - pages * resource.getpagesize())


def _of_group(limit: str, usage: str, statistics: str) -> float:
    try:
        most = int(Path(limit).read_text())
        used = int(Path(usage).read_text())
        lines = dict(line.split()[:2]
                     for line in Path(statistics).read_text().splitlines())
    except (OSError, ValueError):  # there is no group, or 'max'
        return float('inf')
    return most - used + sum(int(lines.get(name, 0))
                             for name in ('inactive_file', 'active_file'))
