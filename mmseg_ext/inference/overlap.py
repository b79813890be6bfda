"""Files are read and written while the network is at another image."""
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Optional

import numpy as np

from mmseg_ext.basics.pixel_size import Scale

# While an image of more pixels is predicted, none is read or written.
MAX_SHARING = 2**23


@dataclass(frozen=True)
class ReadImage:
    """An image as it is predicted.

    Attributes:
        image: (H, W, 3) uint8, channels blue, green, red.
        digest: SHA-256 of its file.
        cropped_rows: What was cut off at its lower edge.
        band_rows: What looks like an information band there and was left.
        scale: Size of its pixels.
    """
    image: np.ndarray
    digest: str
    cropped_rows: int
    band_rows: int
    scale: Scale

    @property
    def is_small(self) -> bool:
        """Whether there may be others in memory beside it."""
        return self.image.shape[0] * self.image.shape[1] <= MAX_SHARING


class Overlap:
    """Reads the next image and writes the last while one is predicted.

    Only beside small images; the one that is read meanwhile may be a large
    one. What was begun to be written when the context is left, by an error
    or an interruption too, is written to its end.

    Args:
        read: Returns an image by its name.
    """

    def __init__(self, read: Callable[[str], ReadImage]) -> None:
        self._read = read
        self._ahead: dict[str, Future[ReadImage]] = {}
        self._behind: Optional[Future[None]] = None
        self._threads = ThreadPoolExecutor(2)  # one reads, one writes

    def read(self, name: str, following: Optional[str] = None) -> ReadImage:
        """Return an image, and begin to read the one after it.

        Args:
            name: Of the image.
            following: Of the other; None: there is none.

        Raises:
            Exception: As the function that reads.
        """
        ahead = self._ahead.pop(name, None)
        image = self._read(name) if ahead is None else ahead.result()
        if following is not None and image.is_small:
            self._ahead[following] = self._threads.submit(
                self._read, following)
        return image

    def write(self, image: ReadImage, write: Callable[[], None]) -> None:
        """Begin to write what was made of an image, after the one before.

        Args:
            image: That.
            write: Does it.

        Raises:
            Exception: As the function that writes, or the one before.
        """
        self.finish()
        if image.is_small:
            self._behind = self._threads.submit(write)
        else:
            write()

    def finish(self) -> None:
        """Wait until all is written.

        Raises:
            Exception: As the function that writes.
        """
        behind, self._behind = self._behind, None
        if behind is not None:
            behind.result()

    def __enter__(self) -> 'Overlap':
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for both, whatever interrupts it: others may write then."""
        for ahead in self._ahead.values():
            ahead.cancel()
        interrupted = None
        while True:
            try:
                self._threads.shutdown()
                break
            except KeyboardInterrupt as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted
