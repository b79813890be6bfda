"""From the images of one network to those of another."""
from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor, nn

GREY = (0.299, 0.587, 0.114)  # of red, green and blue, as OpenCV weighs them


class Renormalization(nn.Module):
    """Let a network see images that were normalised for another.

    Args:
        known_mean: That was taken out of red, green and blue, 0 to 255.
        known_std: By which they were divided.
        mean: To take out instead, in the order of the channels that the
            network wants; None: nothing.
        std: To divide by; None: nothing.
        to_rgb: Whether it wants red first, and not blue.
        in_channels: 3, or 1 for a network for grey images, of one mean.

    Shape:
        - input: (B, 3, H, W), red first
        - output: (B, in_channels, H, W)
    """

    def __init__(self,
                 known_mean: Sequence[float],
                 known_std: Sequence[float],
                 mean: Optional[Sequence[float]] = None,
                 std: Optional[Sequence[float]] = None,
                 to_rgb: bool = False,
                 in_channels: int = 3) -> None:
        super().__init__()
        known_mean, known_std = map(torch.tensor, (known_mean, known_std))
        if in_channels == 1:  # of what is grey already
            self.mix = [*GREY]
        else:
            self.mix = None
            self.flipped = not to_rgb
            if self.flipped:
                known_mean, known_std = known_mean.flip(0), known_std.flip(0)
        mean, std = torch.tensor(mean or [0.0]), torch.tensor(std or [1.0])
        # x * known_std + known_mean, and then (x - mean) / std
        for name, values in (('scale', known_std / std),
                             ('shift', (known_mean - mean) / std)):
            # what a network sees is in no checkpoint, as in preprocessors
            self.register_buffer(name, values.float().view(-1, 1, 1),
                                 persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.mix is None:
            return (x.flip(1) if self.flipped else x) * self.scale + self.shift
        x = x * self.scale + self.shift
        return (x * x.new_tensor(self.mix).view(-1, 1, 1)).sum(1, keepdim=True)
