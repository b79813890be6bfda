"""What a pretraining is asked for."""
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Optional

SMALLEST = 32  # pixels: what most backbones make one pixel of
CHANGEABLE = ('workers', )  # when a pretraining goes on


@dataclass(frozen=True)
class Settings:
    """What decides the result of a pretraining, but for its length.

    Attributes:
        config: Config file whose backbone learns.
        images: Folders, files, and lists of files (.txt).
        teacher: Address of a pretrained encoder, such as
            ``package://efficientnet_lite0``; without a scheme, timm's name.
        crop: Side of the squares that are cut out of the images, in pixels.
        batch: Squares in each step.
        lr: Highest learning rate.
        crop_bottom: Rows to cut off each image's lower edge, or 'auto'.
        bit_depth: Significant bits of 16-bit images; None: all of them.
        seed: Of all that is drawn.
        amp: Train in mixed precision.
        workers: Processes that load images.

    Raises:
        ValueError: If one of them is not allowed.
    """
    config: str
    images: Sequence[str]
    teacher: str = 'package://efficientnet_lite0'
    crop: int = 192
    batch: int = 8
    lr: float = 1e-3
    crop_bottom: int | str = 0
    bit_depth: Optional[int] = None
    seed: int = 0
    amp: bool = False
    workers: int = 2

    def __post_init__(self) -> None:
        if self.crop < SMALLEST or self.crop % SMALLEST:
            raise ValueError(f'--crop {self.crop}: must be a multiple of '
                             f'{SMALLEST} pixels')
        for name, least in (('batch', 2), ('workers', 0)):
            if getattr(self, name) < least:
                raise ValueError(f'--{name} {getattr(self, name)}: must be '
                                 f'{least} or more')
        if not self.lr > 0:
            raise ValueError(f'--lr {self.lr}: must be above 0')

    def record(self) -> dict:
        """Return all of it in plain values."""
        return dict(asdict(self), images=list(self.images))

    def check_same(self, before: dict) -> None:
        """Refuse to go on with what was begun otherwise.

        Args:
            before: :meth:`record` of then.

        Raises:
            ValueError: With the options that differ.
        """
        now = self.record()
        differing = [
            f'{name} is {now.get(name)!r} and was {before.get(name)!r}'
            for name in now if name not in CHANGEABLE
            and now.get(name) != before.get(name)]
        if differing:
            raise ValueError(
                f'--resume goes on with what was begun: {"; ".join(differing)}'
                '. Give the same options, or begin anew without --resume')
