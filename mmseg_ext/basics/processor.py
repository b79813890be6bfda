"""What this machine's processor can do, as its operating system says."""
import platform
from pathlib import Path

CPUINFO = Path('/proc/cpuinfo')
# Instructions that multiply eight bits and add in 32 without saturation.
VNNI = ('avx512_vnni', 'avx_vnni', 'amx_int8')


def is_arm() -> bool:
    """Return whether it is of Arm's kind."""
    return platform.machine().lower() in ('arm64', 'aarch64', 'armv7l')


def eight_bit_flags() -> tuple[str, ...] | None:
    """Return those of ``VNNI`` that it has; None: nobody says."""
    try:
        text = CPUINFO.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return None
    found = {flag for line in text.splitlines() if line.startswith('flags')
             for flag in line.partition(':')[2].split()}
    return tuple(flag for flag in VNNI if flag in found) if found else None
