"""Turn pixels as their file says that they are to be shown."""
import numpy as np

# EXIF's value -> what was done to the picture, in words
ORIENTATIONS = {
    2: 'mirrored left to right', 3: 'turned by 180 degrees',
    4: 'mirrored top to bottom', 5: 'transposed',
    6: 'turned by 90 degrees', 7: 'transposed across the other diagonal',
    8: 'turned by 270 degrees',
}


def apply_orientation(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return stored pixels as they are to be shown.

    Args:
        pixels: (H, W) or (H, W, channels).
        orientation: EXIF's, 1 to 8.

    Returns:
        (H, W, ...), or (W, H, ...) from 5 on; contiguous if it was.

    Reference:
        JEITA CP-3451, section 4.6.4; the same numbers in TIFF 6.0, page 36.
    """
    if orientation == 1:
        return pixels
    if orientation >= 5:  # row and column change places
        pixels = pixels.swapaxes(0, 1)
    # stored top to bottom, left to right -> which of the two is reversed
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(pixels[rows, columns])


def shown_size(height: int, width: int,
               orientation: int) -> tuple[int, int]:
    """Return (height, width) of stored pixels as they are to be shown."""
    return (width, height) if orientation >= 5 else (height, width)
