"""What torchrun starts: each process trains convolutions channels last."""
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from torch import nn

sys.path.append(str(Path(__file__).parents[1] / 'test_compat'))

from tiny_training import TinyModel, tiny_runner

from mmseg_ext.engine import ChannelsLastHook


class Convolutions(TinyModel):
    """A kernel of 3 x 3, whose two layouts differ."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)


def main() -> None:
    folder, *wanted = sys.argv[1:]
    torch.manual_seed(0)
    runner = tiny_runner(
        f'{folder}/work', 3, launcher='pytorch', model=Convolutions(),
        custom_hooks=[ChannelsLastHook()] if wanted else None,
        # else it lays its buffers out anew after a step, by itself
        cfg=Config(dict(find_unused_parameters=True)),
        experiment_name='two')
    model = runner.model.module
    runner.train()
    assert runner.model.module is model
    torch.save(
        dict(weights=model.state_dict(),
             last=model.conv.weight.is_contiguous(
                 memory_format=torch.channels_last),
             wrapper=type(runner.model).__name__),
        f'{folder}/rank_{runner.rank}.pth')


if __name__ == '__main__':
    main()
