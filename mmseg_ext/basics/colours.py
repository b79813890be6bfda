"""Class ids as colours."""
from collections.abc import Mapping, Sequence
from typing import Optional

import cv2
import numpy as np

# Safe for colour-blind readers: Okabe and Ito, as in Wong, Nature Methods
# 8:441, 2011. Black is left out, which means no label in pictures; grey is
# the eighth, as in R's palette.colors.
OKABE_ITO = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66],
             [0, 114, 178], [213, 94, 0], [204, 121, 167], [153, 153, 153]]
# What masks that are painted mean where no palette is named, and so no matter
# of taste: the paper's three, then the remaining corners of the colour cube
# and three between them, as far apart as eight colours can be.
MASK_COLOURS = [[255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 255, 0],
                [255, 0, 255], [0, 255, 255], [255, 128, 0], [128, 0, 255]]
OPACITY = 0.4  # of the classes' colours over an image
DISTINCT = 40  # of CIE76: no two of these are taken for each other
# Colours of what is no class, in order of preference.
MARKS = [[215, 25, 28], [255, 0, 255], [255, 140, 0], [0, 255, 255],
         [0, 230, 0], [255, 235, 0], [90, 0, 150], [120, 60, 0],
         [0, 90, 60], [255, 180, 200]]


def paint(labels: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Give every class its colour; other values become black.

    Args:
        labels: (H, W) class ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.

    Returns:
        (H, W, 3) uint8, channels blue, green, red, as OpenCV writes them.
    """
    table = np.zeros((256, 3), np.uint8)
    table[:len(palette)] = np.array(palette, np.uint8)[:, ::-1]
    return table[labels]


def blend(image: np.ndarray, labels: np.ndarray,
          palette: Sequence[Sequence[int]],
          base: Optional[int] = None) -> np.ndarray:
    """Lay the classes' colours over an image, 40 % opaque.

    Args:
        image: (H, W, 3) uint8, channels blue, green, red.
        labels: (H, W) class ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        base: Class whose pixels stay those of the image; None: there is
            none.

    Returns:
        (H, W, 3) uint8, as the image.
    """
    picture = paint(labels, palette)
    cv2.addWeighted(image, 1 - OPACITY, picture, OPACITY, 0, picture)
    if base is not None:
        np.copyto(picture, image, where=(labels == base)[..., None])
    return picture


def colour_distances(colour: Sequence[int],
                     others: Sequence[Sequence[int]]) -> np.ndarray:
    """Return how far a colour is from others, by CIE76.

    Args:
        colour: (red, green, blue), 0 to 255.
        others: The same of each.

    Returns:
        (len(others),); about 2 can just be told apart.
    """
    rgb = np.array([[colour, *others]], np.float32) / 255
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[0]
    return np.linalg.norm(lab[1:] - lab[0], axis=1)


def free_colour(taken: Sequence[Sequence[int]]) -> list[int]:
    """Return a colour that is taken for none of others.

    Args:
        taken: Those, (red, green, blue), 0 to 255.

    Returns:
        The first of :data:`MARKS` that is far enough from all, or else the
        one that is farthest from the next.
    """
    gaps = [colour_distances(mark, taken).min() if len(taken) else DISTINCT
            for mark in MARKS]
    far = [mark for mark, gap in zip(MARKS, gaps) if gap >= DISTINCT]
    return far[0] if far else MARKS[int(np.argmax(gaps))]


def line_colours(order: Sequence[int]) -> tuple[str, ...]:
    """Return colours of :data:`OKABE_ITO` as matplotlib names them.

    Args:
        order: Places there.
    """
    return tuple('#{:02x}{:02x}{:02x}'.format(*OKABE_ITO[i]) for i in order)


# Where two are enough: these differ most, also to colour-blind readers.
BLUE, RED = line_colours((4, 5))


def choose_palette(count: int, given: Mapping[int, Sequence[int]]
                   ) -> Optional[list[list[int]]]:
    """Return colours for the classes of a new data set.

    Args:
        count: Number of classes.
        given: Colours that some of them have already, by class id.

    Returns:
        Those, and for the others the next of :data:`OKABE_ITO` that are
        taken for none of them; None if these are too few.
    """
    left = iter([colour for colour in OKABE_ITO if not given or
                 colour_distances(colour, [*given.values()]).min()
                 >= DISTINCT])
    try:
        return [[*map(int, given[i])] if i in given else next(left)
                for i in range(count)]
    except StopIteration:
        return None


def mapped_colours(mapping: Mapping[str, str],
                   classes: Sequence[str]) -> dict[int, list[int]]:
    """Return class id -> its colour in masks that were converted.

    Args:
        mapping: Value or colour, such as '0,0,255' -> name of a class.
        classes: Names of the classes by id.

    Returns:
        Of the classes that had one colour, and that alone.
    """
    keys: dict[str, list[str]] = {}
    for key, name in mapping.items():
        keys.setdefault(str(name), []).append(str(key))
    found = {}
    for class_id, name in enumerate(classes):
        parts = keys.get(name, [''])[0].split(',')
        if len(keys.get(name, ())) == 1 and len(parts) == 3 and all(
                part.isdecimal() and int(part) <= 255 for part in parts):
            found[class_id] = [int(part) for part in parts]
    return found
