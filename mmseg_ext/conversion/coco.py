"""Masks in one JSON file of all images, as COCO has them.

Polygons cover the pixels whose centres lie inside, as in COCO, where (0, 0)
is the image's upper left corner and not the first pixel's centre.
"""
from collections import defaultdict
from collections.abc import Iterator
from typing import Optional

import numpy as np

from mmseg_ext.basics.listing import same_name
from mmseg_ext.basics.shapes import check_points, read_size_of


class CocoFile:
    """A file of COCO's format.

    Args:
        path: The file, for errors.
        content: What is in it.

    Raises:
        ValueError: If a part of it is missing or of another kind.
    """

    def __init__(self, path: str, content: dict) -> None:
        self.path = path
        self.categories = {
            entry['id']: str(entry['name'])
            for entry in self._entries(content, 'categories', 'id', 'name')}
        self.images = {}
        self._by_name = defaultdict(list)
        for image in self._entries(content, 'images', 'id', 'file_name'):
            if image['id'] in self.images:
                raise ValueError(f'{path} has two images of the id '
                                 f'{image["id"]!r}. Export it anew.')
            self.images[image['id']] = image
            name = same_name(str(image['file_name']).replace('\\', '/'))
            self._by_name[name.rsplit('/', 1)[-1]].append(
                (name.split('/'), image['id']))
        self._annotations = defaultdict(list)
        for entry in self._entries(content, 'annotations', 'image_id',
                                   'category_id'):
            self._annotations[entry['image_id']].append(entry)
        lost = set(self._annotations) - set(self.images)
        if lost:
            raise ValueError(
                f'{path} has annotations of the image ids '
                f'{sorted(map(str, lost))[:5]}, which are none of its '
                'images. Export it anew.')

    def _entries(self, content: dict, part: str, *keys: str) -> list[dict]:
        entries = content.get(part)
        if not isinstance(entries, list):
            raise ValueError(
                f'{self.path} is in COCO\'s format, but has no list of '
                f'{part}. Export it anew, for segmentation.')
        for i, entry in enumerate(entries):
            if not isinstance(entry, dict) or any(
                    not isinstance(entry.get(key), (str, int, float))
                    for key in keys):
                raise ValueError(f'{self.path}: entry {i} of its {part} '
                                 f'lacks {" or ".join(keys)}. Export it '
                                 'anew.')
        return entries

    def find(self, image: str) -> Optional[int]:
        """Return the id of an image; None if it is not in the file.

        Args:
            image: Path of its file. Folders decide between images of one
                name.

        Raises:
            ValueError: If two images are meant as likely.
        """
        parts = same_name(image).split('/')
        found = defaultdict(list)
        for other, image_id in self._by_name[parts[-1]]:
            agree = next((n for n, (one, two) in enumerate(zip(
                reversed(parts), reversed(other))) if one != two),
                min(len(parts), len(other)))
            found[agree].append(image_id)
        best = found[max(found)] if found else []
        if len(best) > 1:
            raise ValueError(
                f'{self.path} has {len(best)} images of the name of {image}: '
                'which is meant cannot be told. Give images names of their '
                'own before they are labelled.')
        return best[0] if best else None

    def size(self, image_id: int) -> tuple[Optional[int], Optional[int]]:
        """Return the (height, width) of an image as the file says."""
        return read_size_of(self.path, self.images[image_id], 'height',
                            'width')

    def labels(self, image_id: int) -> list[str]:
        """Return the category of each annotation of an image."""
        return [label for _, label, _ in self.annotations(image_id)]

    def annotations(self, image_id: int) -> Iterator[tuple[str, str, dict]]:
        """Yield what to call an annotation, its category and the rest.

        Raises:
            ValueError: If there is no such category.
        """
        for entry in self._annotations[image_id]:
            name = f'annotation {entry.get("id")}'
            if entry['category_id'] not in self.categories:
                raise ValueError(
                    f'{self.path}: {name} is of the category '
                    f'{entry["category_id"]!r}, which is not among its '
                    f'categories ({", ".join(self.categories.values())}). '
                    'Export it anew.')
            yield name, self.categories[entry['category_id']], entry


def fill_annotation(annotation: dict, size: tuple[int, int]) -> np.ndarray:
    """Return which pixels an annotation covers.

    Args:
        annotation: Of COCO's 'annotations'.
        size: (height, width) of the image in pixels.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If it is a box alone, or something is wrong with its
            polygons or its run-length code.
    """
    segmentation = annotation.get('segmentation')
    if isinstance(segmentation, dict):
        return decode_runs(segmentation, size)
    if not isinstance(segmentation, list) or not segmentation:
        raise ValueError('a box without a segmentation. Outline it, or '
                         'remove it in the annotation program.')
    covered = np.zeros(size, bool)
    for polygon in segmentation:
        flat = isinstance(polygon, list) and len(polygon) % 2 == 0
        if not flat or len(polygon) < 6:
            raise ValueError('a polygon that covers no area: it is no list '
                             'of three or more points, x and y. Draw it '
                             'anew in the annotation program.')
        points = [list(point) for point in zip(polygon[::2], polygon[1::2])]
        covered |= fill_polygon(check_points(points, size, 'a polygon'), size)
    return covered


def fill_polygon(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return which pixels have their centres inside a polygon.

    Args:
        points: (N, 2), x and y; the first pixel's centre is (0.5, 0.5).
        size: (height, width) in pixels.

    Returns:
        (H, W) bool.
    """
    height, width = size
    low, high = (int(row.clip(0, height)) for row in (
        np.floor(points[:, 1].min()), np.ceil(points[:, 1].max())))
    # how often the outline is crossed left of each pixel's centre
    crossings = np.zeros((high - low, width + 1), np.int32)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0)):
        first, last = np.ceil(np.sort((y0, y1)) - 0.5).clip(low, high)
        rows = np.arange(int(first), int(last))
        if len(rows):
            x = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            columns = np.ceil(x - 0.5).clip(0, width).astype(int)
            crossings[rows - low, columns] += 1
    inside = np.zeros(size, bool)
    inside[low:high] = np.cumsum(crossings, axis=1)[:, :width] % 2
    return inside


def decode_runs(code: dict, size: tuple[int, int]) -> np.ndarray:
    """Decode COCO's run-length code, of numbers or of letters.

    Args:
        code: 'size', (height, width), and 'counts': lengths of runs of 0
            and 1 in turn, down the columns.
        size: (height, width) of the image in pixels.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If the code is of another size, or damaged.
    """
    if code.get('size') != list(size):
        raise ValueError(f'a run-length code of the size {code.get("size")} '
                         f'(height, width), but the image has {list(size)}. '
                         'Label the image that is there.')
    counts = code.get('counts')
    if isinstance(counts, str):
        counts = _runs_of_letters(counts)
    whole = isinstance(counts, list) and all(
        type(count) is int and 0 <= count <= size[0] * size[1]
        for count in counts)
    if not whole or sum(counts) != size[0] * size[1]:
        raise ValueError('a damaged run-length code: its runs do not sum to '
                         'the pixels of the image. Export it anew.')
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size[::-1]).T


def _runs_of_letters(text: str) -> list[int]:
    """Decode numbers of 5 bits a letter, the sixth says that more follow.

    From the fourth on, a number is the difference to the last but one.
    """
    runs, number, shift = [], 0, 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:
            return []
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << shift
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        number, shift = 0, 0
    return runs
