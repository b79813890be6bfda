"""Parts of maps that stay in a CPU's cache while several things are done."""
from collections.abc import Iterator

from torch import Tensor

# 2 MB in float32. Blocks of a quarter to twice as much took the same time,
# whole maps a quarter more.
NUMBERS = 2**19


def pixel_blocks(*images: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the same pixels of each image, as views, a block at a time.

    All pixels are one block where no CPU runs this: launching kernels costs
    a GPU more than its memory.

    Shape:
        - images: (C_i, N)
        - each block: (C_i, n)
    """
    return _blocks(images, 1)


def channel_blocks(*images: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the same channels of each image, as :func:`pixel_blocks` does.

    Shape:
        - images: (C, H_i, W_i)
        - each block: (c, H_i, W_i)
    """
    return _blocks(images, 0)


def _blocks(images: tuple[Tensor, ...],
            dim: int) -> Iterator[tuple[Tensor, ...]]:
    if images[0].device.type != 'cpu':
        return iter([images])
    of_each = max(image.numel() // image.shape[dim] for image in images)
    size = max(NUMBERS // of_each, 1)
    return zip(*(image.split(size, dim) for image in images))
