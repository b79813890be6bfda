"""What the C library does with memory that is freed: glibc's mallopt."""
import ctypes
import gc
from contextlib import suppress

# options of mallopt, from malloc.h
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8

NEVER = -1
LARGEST_THRESHOLD = 2**25  # 32 MB: glibc takes no more
PAGES = 2**16


def keep_freed_blocks() -> None:
    """Keep what is freed for what is allocated next.

    Else a training step on a CPU gives its feature maps back to the system
    and asks for them again in the next one, which clears every page. The
    process stays as large as it once was. Blocks of more than 32 MB still
    come and go. Nothing happens without glibc.
    """
    _set({TRIM_THRESHOLD: NEVER, MMAP_THRESHOLD: LARGEST_THRESHOLD})


def return_freed_blocks() -> None:
    """Give freed blocks of 64 KB and more back at once, where glibc does it.

    Resident memory is then what is in use; allocation is slower.
    """
    _set({TRIM_THRESHOLD: PAGES, TOP_PAD: 0, MMAP_THRESHOLD: PAGES,
          ARENA_MAX: 1})


def trim_heap() -> None:
    """Give back all that is free now."""
    gc.collect()
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _set(options: dict[int, int]) -> None:
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in options.items():
            mallopt(option, value)
