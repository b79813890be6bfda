"""Parts of maps that stay in a CPU's cache while several things are done."""
from collections.abc import Iterator, Sequence

from torch import Tensor

# 2 MB in float32. Blocks of a quarter to twice as much took the same time,
# whole maps a quarter more.
NUMBERS = 2**19

# Where the cache is worth the loop.
DEVICES = ('cpu', )


def in_blocks(x: Tensor) -> bool:
    """Tell whether to go through a batch in blocks, or to take all at once.

    Launching kernels costs a GPU more than its memory: there a loop over
    images and blocks would wait for the launches.
    """
    return x.device.type in DEVICES


def pixel_blocks(*maps: Tensor) -> Iterator[tuple]:
    """Go through the images of a batch, a block of their pixels at a time.

    Args:
        maps: Batches of maps of one size. What is written to a block is in
            the map only if that is contiguous.

    Yields:
        The index of the image in the batch, and the same pixels of each map
        as a flat view.

    Shape:
        - maps: (B, C_i, H, W)
        - each block: (C_i, n)
    """
    return _blocks([x.flatten(2) for x in maps], dim=1)


def channel_blocks(*maps: Tensor) -> Iterator[tuple]:
    """Go through the images of a batch, a block of channels at a time.

    Args:
        maps: Batches of maps of any sizes.

    Yields:
        The index of the image in the batch, and the same channels of each
        map as a view.

    Shape:
        - maps: (B, C, H_i, W_i)
        - each block: (c, H_i, W_i)
    """
    return _blocks(maps, dim=0)


def _blocks(maps: Sequence[Tensor], dim: int) -> Iterator[tuple]:
    for index, images in enumerate(zip(*maps)):
        of_each = max(image.numel() // image.shape[dim] for image in images)
        size = max(NUMBERS // of_each, 1)
        for parts in zip(*(image.split(size, dim) for image in images)):
            yield index, *parts
