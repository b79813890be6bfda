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
        in_channels: 3, or 1 for a network for grey images.

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
        # what a network sees is in no checkpoint, as in preprocessors
        for name, values in (
                ('known_mean', known_mean), ('known_std', known_std),
                ('mean', mean or [0.0]), ('std', std or [1.0])):
            self.register_buffer(
                name, torch.tensor(values, dtype=torch.float32).view(
                    -1, 1, 1), persistent=False)
        self.grey = in_channels == 1
        self.to_rgb = to_rgb

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.known_std + self.known_mean
        if self.grey:
            weights = x.new_tensor(GREY).view(-1, 1, 1)
            x = (x * weights).sum(1, keepdim=True)
        elif not self.to_rgb:
            x = x.flip(1)
        return (x - self.mean) / self.std
