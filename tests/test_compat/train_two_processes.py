"""Started as by torchrun: each process trains and leaves its weights."""
import atexit
import sys
import weakref
from pathlib import Path

import torch
import torch.distributed as dist
from tiny_training import tiny_runner

import mmseg_ext  # noqa: F401  what is tested: the import is all it takes
from mmseg_ext.compat import cpu_distributed


def main() -> None:
    folder = Path(sys.argv[1])
    runner = tiny_runner(
        folder / 'work', 3, launcher='pytorch', experiment_name='two')
    start = {
        name: value.clone()
        for name, value in runner.model.module.state_dict().items()
    }
    runner.train()
    torch.save(
        dict(
            start=start,
            end=runner.model.module.state_dict(),
            backend=dist.get_backend(),
            world_size=dist.get_world_size(),
            wrapper=type(runner.model).__name__),
        folder / f'rank_{dist.get_rank()}.pth')
    wrapper = weakref.ref(runner.model)

    def write_what_is_left() -> None:
        (folder / f'rank_{rank}.txt').write_text(
            f'{dist.is_initialized()} {wrapper() is not None}')

    rank = dist.get_rank()
    # the last to be registered is the first to run
    atexit.unregister(cpu_distributed._leave_group)
    atexit.register(write_what_is_left)
    atexit.register(cpu_distributed._leave_group)


if __name__ == '__main__':
    main()
