"""Several models' predictions of the same images, side by side."""
import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import cv2
import numpy as np
from mmseg.datasets import BaseSegDataset

from mmseg_ext.basics import command_for, read_size
from mmseg_ext.basics.files import output_stem
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.pixel_size import known_um

from .regions import Box, disagreement, find_boxes

Predictor = Callable[[dict], np.ndarray]


@dataclass(frozen=True)
class Compared:
    """An image, its ground truth and what models make of it.

    Attributes:
        name: As it was asked for.
        image: (H, W, 3) uint8, channels blue, green, red.
        truth: (H, W) class ids, or ``ignore_index`` where there is no label.
        predictions: Name of a model -> (H, W) class ids.
        ignore_index: Value of pixels without a label.
        um_per_pixel: Side of a pixel in micrometres; None: not known.
    """
    name: str
    image: np.ndarray
    truth: np.ndarray
    predictions: dict[str, np.ndarray]
    ignore_index: int = 255
    um_per_pixel: Optional[float] = None

    @property
    def differing(self) -> np.ndarray:
        """(H, W) bool, see :func:`disagreement`."""
        return disagreement([*self.predictions.values()], self.truth,
                            self.ignore_index)

    def boxes(self, count: int, side: int) -> list[Box]:
        """Return the squares where the models disagree most."""
        return find_boxes(self.differing, count, side)


def predictions_in(folder: str,
                   image_folders: Sequence[str] = ()) -> Predictor:
    """Return a function that reads what PerClassIoUMetric has written.

    Args:
        folder: The metric's ``output_dir``, tools/test.py's ``--out``.
        image_folders: The metric's, see
            :func:`~mmseg_ext.engine.image_folders.image_folders`: an image
            has the name that it was written under, and no other image's.

    Returns:
        A function of a sample that returns (H, W) class ids. It raises
        FileNotFoundError if the folder lacks the sample.
    """

    def read(sample: dict) -> np.ndarray:
        name = sample.get('output_name') or output_stem(
            sample['img_path'], image_folders)
        path = osp.join(folder, f'{name}.png')
        if not osp.isfile(path):
            raise FileNotFoundError(
                f'{path} is missing: write predictions with '
                f'{command_for("test")} ... --out {folder}')
        return decode_mask(path)

    return read


def compare(dataset: BaseSegDataset, models: Mapping[str, Predictor],
            names: Sequence[str],
            um_per_pixel: Optional[float] = None) -> list[Compared]:
    """Predict images with several models.

    Args:
        dataset: Set of the images, its pipeline cut down to loading.
        models: Name of a model -> function of a sample that returns its
            class ids, (H, W).
        names: Ends of the images' paths, such as 'cut_lead/003.png'.
        um_per_pixel: Side of a pixel in micrometres; None: of each image
            what its header or side file says.

    Raises:
        ValueError: If a name fits no image or several, or a prediction has
            another size than its image.
    """
    return [_compare(dataset, models, name, _find(dataset, name),
                     um_per_pixel) for name in names]


def most_disputed(dataset: BaseSegDataset, models: Mapping[str, Predictor],
                  count: int,
                  um_per_pixel: Optional[float] = None) -> list[Compared]:
    """Predict all images, and keep those with the greatest disagreement.

    Args:
        dataset: As in :func:`compare`.
        models: As in :func:`compare`.
        count: Number of images to keep; the first has the largest fraction of
            disputed pixels.
        um_per_pixel: As in :func:`compare`.
    """
    kept: list[tuple[float, Compared]] = []
    for i in range(len(dataset)):
        name = dataset.get_data_info(i)['img_path']
        found = _compare(dataset, models, name, i, um_per_pixel)
        kept.append((found.differing.mean(), found))
        kept = sorted(kept, key=lambda pair: -pair[0])[:count]
    return [found for _, found in kept]


def place_boxes(rows: Sequence[Compared],
                count: int,
                side: int,
                own: Sequence[Sequence[int]] = ()) -> list[list[Box]]:
    """Return the boxes of each row of a figure.

    Args:
        rows: The images.
        count: Squares in each, where the models disagree most.
        side: Of such a square, in pixels.
        own: More of them: row, from 1, and x, y, width and height.

    Raises:
        ValueError: If there is no such row.
    """
    boxes = [row.boxes(count, side) for row in rows]
    for number, *place in own:
        if not 1 <= number <= len(rows):
            raise ValueError(f'--box {number} {" ".join(map(str, place))}: '
                             f'the figure has {len(rows)} rows')
        boxes[number - 1].append(Box(*place))
    return boxes


def _compare(dataset: BaseSegDataset, models: Mapping[str, Predictor],
             name: str, index: int, um_per_pixel: Optional[float]
             ) -> Compared:
    sample = dataset[index]
    truth = sample['gt_seg_map']
    predictions = {}
    for model, predict in models.items():
        labels = predictions[model] = predict(sample)
        if labels.shape != truth.shape:
            raise ValueError(f'The prediction of {name} by {model} has shape '
                             f'{labels.shape}, the image {truth.shape}')
    path = sample['img_path']
    um = known_um(Path(path), read_size(path), um_per_pixel)
    return Compared(name, sample['img'], truth, predictions,
                    dataset.ignore_index, um)


def _find(dataset: BaseSegDataset, name: str) -> int:
    """Return the index of the image whose path ends so."""
    wanted = osp.splitext(name)[0]
    ends = [osp.splitext(dataset.get_data_info(i)['img_path'])[0]
            for i in range(len(dataset))]
    hits = [i for i, end in enumerate(ends)
            if f'/{end}'.replace('\\', '/').endswith(f'/{wanted}')]
    if len(hits) != 1:
        raise ValueError(
            f'{name} must be the end of one path in the test set, and is that '
            f'of {len(hits)}; the first of its {len(ends)} images is '
            f'{ends[0]}')
    return hits[0]


def error_map(image: np.ndarray,
              labels: np.ndarray,
              truth: np.ndarray,
              colour: Sequence[int],
              ignore_index: int = 255) -> tuple[np.ndarray, Optional[float]]:
    """Mark the wrong pixels over a pale image.

    Args:
        image: (H, W, 3) uint8, channels blue, green, red.
        labels: Predicted class ids, (H, W).
        truth: True class ids or ``ignore_index``, (H, W).
        colour: Of wrong pixels, (red, green, blue), 0 to 255.
        ignore_index: Value of pixels without a label, which stay black.

    Returns:
        Picture (H, W, 3) uint8 like the image, and the fraction of wrong
        pixels among the labelled ones, 0 to 1; None if none is labelled.
    """
    labelled = truth != ignore_index
    wrong = labelled & (labels != truth)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    pale = (128 + grey // 3).astype(np.uint8)
    picture = np.repeat(pale[..., None], 3, axis=2)
    picture[wrong] = colour[::-1]
    picture[~labelled] = 0
    return picture, wrong.sum() / labelled.sum() if labelled.any() else None
