"""What this machine's processor can do, as its operating system says."""
import os
import platform
from pathlib import Path

CPUINFO = Path('/proc/cpuinfo')
# Instructions that multiply eight bits and add in 32 without saturation.
VNNI = ('avx512_vnni', 'avx_vnni', 'amx_int8')


def is_arm() -> bool:
    """Return whether it is of Arm's kind."""
    return platform.machine().lower() in ('arm64', 'aarch64', 'armv7l')


def own_cores() -> set[int]:
    """Return the cores that this process may run on."""
    if hasattr(os, 'sched_getaffinity'):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def eight_bit_flags() -> tuple[str, ...] | None:
    """Return those of ``VNNI`` that it has; None: nobody says."""
    try:
        text = CPUINFO.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return None
    found = {flag for line in text.splitlines() if line.startswith('flags')
             for flag in line.partition(':')[2].split()}
    return tuple(flag for flag in VNNI if flag in found) if found else None
