"""What torchrun starts: each process trains and leaves its weights."""
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from tiny_training import tiny_runner

import mmseg_ext  # noqa: F401  what is tested: the import is all it takes


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


if __name__ == '__main__':
    main()
