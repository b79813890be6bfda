"""A network that tells segmentations of two domains apart."""
import itertools

from torch import Tensor, nn

from .training_only import TrainingOnlyConv2d

WIDTHS = (1, 2, 4, 8)  # times ndf
LEAST = 2**(len(WIDTHS) + 1)  # pixels a side that all strides need


class OutputDiscriminator(nn.Sequential):
    """Five 4 x 4 convolutions of stride 2, and LeakyReLU between them.

    A map of classes 32 times as coarse tells of each place how much it looks
    like the source. It is in no state dict.

    Args:
        num_classes: Of the probabilities.
        ndf: Channels of the first convolution; the next have 2, 4 and 8
            times as many.

    Shape:
        - input: (B, C, H, W), H and W at least 32
        - output: (B, 1, H // 32, W // 32), logits

    Reference:
        Tsai et al., Learning to Adapt Structured Output Space, 2018;
        github.com/wasidennis/AdaptSegNet, model/discriminator.py.
    """

    def __init__(self, num_classes: int, ndf: int) -> None:
        widths = [num_classes, *(ndf * width for width in WIDTHS), 1]
        layers: list[nn.Module] = []
        for channels, wider in itertools.pairwise(widths):
            layers += [TrainingOnlyConv2d(channels, wider, 4, 2, 1),
                       nn.LeakyReLU(0.2, inplace=True)]
        super().__init__(*layers[:-1])

    def forward(self, probabilities: Tensor) -> Tensor:
        height, width = probabilities.shape[2:]
        if min(height, width) < LEAST:
            raise ValueError(
                f'The discriminator needs crops of {LEAST} x {LEAST} pixels '
                f'or more, and these are {height} x {width}')
        return super().forward(probabilities)
