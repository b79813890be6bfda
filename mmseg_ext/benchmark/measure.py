"""Peak memory of a piece of work."""
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

STATUS = Path('/proc/self/status')
MEGABYTE = 2**20


@dataclass(frozen=True)
class StepCost:
    """Medians of a training step: seconds of each pass, peak memory in MB."""
    forward: float
    backward: float
    memory: float

    @property
    def total(self) -> float:
        return self.forward + self.backward


def resident(field: str) -> int:
    """Return a memory figure of this process in bytes."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f'{STATUS} has no {field}')


def run_with_peak(work: Callable[[], object],
                  device: str) -> tuple[int, int]:
    """Run a piece of work once and watch the memory of this process.

    Args:
        work: Called without arguments.
        device: 'cuda': memory that is allocated on it; 'cpu': resident
            memory (Linux only).

    Returns:
        Bytes before it, and the most during it. A system that does not let
        a process forget its old peak counts that one in.
    """
    if device == 'cuda':
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return before, torch.cuda.max_memory_allocated()
    with suppress(PermissionError):
        Path('/proc/self/clear_refs').write_text('5')
    before = resident('VmRSS')
    work()
    return before, resident('VmHWM')


def _measure_peak(pipe, build: Callable, args: tuple) -> None:
    work = build(*args)
    before, peak = run_with_peak(
        work, 'cuda' if torch.cuda.is_available() else 'cpu')
    pipe.send((peak - before) / MEGABYTE)


def peak_megabytes(build: Callable, *args) -> float:
    """Return the memory that a piece of work needs beyond its inputs.

    Measured in a process of its own, so that nothing earlier has left room:
    resident memory on the CPU (Linux only), allocated memory on CUDA.

    Args:
        build: Importable function that prepares the work and returns it.
        *args: Its arguments.

    Raises:
        OSError: If this system does not tell a process its peak memory.
        RuntimeError: If the process fails.
    """
    if not torch.cuda.is_available() and not STATUS.exists():
        raise OSError(f'Peak memory is read from {STATUS}: Linux only.')
    context = get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_measure_peak, args=(sender, build, args))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise RuntimeError(f'{build.__name__}{args} failed') from None
    finally:
        process.join()
