"""Decode by OpenCV, whatever the size."""
import re

import cv2
import numpy as np

from .facts import Damaged, Facts
from .pillow import decode_by_pillow
from .said import hear

# After the last pixel: cameras round the size up.
HARMLESS = re.compile(r'\b[1-3] extraneous bytes before marker 0xd9')
# Of OpenCV, unless its environment variables say otherwise.
MOST_PIXELS, LONGEST_SIDE = 2**30, 2**20


def is_beyond(facts: Facts) -> bool:
    """Tell whether a picture is larger than OpenCV takes."""
    return (facts.height * facts.width > MOST_PIXELS
            or max(facts.height, facts.width) > LONGEST_SIDE)


def decode_by_opencv(data: bytes, facts: Facts) -> np.ndarray:
    """Return the picture as it is stored, colours blue, green, red.

    What is larger than OpenCV takes, Pillow decodes.

    Raises:
        Damaged: If it cannot be decoded.
        Unsupported: If it is too large for OpenCV and of a kind that Pillow
            does not keep.
    """
    if is_beyond(facts):
        return decode_by_pillow(data, facts.format, stored=False)
    with hear() as lines:
        try:
            # of all its functions this one is the fastest
            ok, pages = cv2.imdecodemulti(
                np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error:
            ok, pages = False, ()
    for line in lines:
        if 'Corrupt JPEG data' in line and not HARMLESS.search(line):
            raise Damaged(line.strip())
    if not ok or not pages:
        raise Damaged('its pixels cannot be decoded')
    if pages[0].shape[:2] != (facts.height, facts.width):
        raise Damaged('it does not hold as many pixels as its header says')
    return pages[0]
