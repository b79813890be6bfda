"""Several models' predictions of the same images, side by side."""
import os.path as osp
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from mmseg.datasets import BaseSegDataset

from mmseg_ext.datasets.image_io import decode_mask

from .panel import draw_grid, paint


def _find(dataset: BaseSegDataset, name: str) -> int:
    """Return the index of the image whose path ends so."""
    wanted = osp.splitext(name)[0]
    ends = [osp.splitext(dataset.get_data_info(i)['img_path'])[0]
            for i in range(len(dataset))]
    hits = [i for i, end in enumerate(ends)
            if f'/{end}'.replace('\\', '/').endswith(f'/{wanted}')]
    if len(hits) != 1:
        raise ValueError(f'{name} fits {len(hits)} of the {len(ends)} images '
                         f'of the test set; these begin with {ends[0]}')
    return hits[0]


def _read_prediction(folder: str, sample: dict) -> np.ndarray:
    """Read what an IoU metric with ``output_dir`` has written."""
    name = sample.get('output_name') or osp.splitext(
        osp.basename(sample['img_path']))[0]
    path = osp.join(folder, f'{name}.png')
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path} is missing: write predictions with '
                                f'tools/test.py ... --out {folder}')
    return decode_mask(path)


def draw_comparison(dataset: BaseSegDataset,
                    predictions: Mapping[str, str],
                    names: Sequence[str],
                    width: int = 256) -> np.ndarray:
    """Draw image | truth | each model's prediction, a row an image.

    Args:
        dataset: Set of the images, its pipeline cut down to loading.
        predictions: Name of a model -> folder of its predictions.
        names: Ends of the images' paths, such as 'cut_lead/003.png'.
        width: Width of each picture in pixels.

    Returns:
        (H, W, 3) uint8, channels blue, green, red.

    Raises:
        FileNotFoundError: If a prediction is missing.
        ValueError: If a name fits no image or several, or a prediction has
            another size than its image.
    """
    palette = dataset.metainfo['palette']
    rows = []
    for name in names:
        sample = dataset[_find(dataset, name)]
        height = round(width * sample['img'].shape[0] / sample['img'].shape[1])
        labels = dict(truth=sample['gt_seg_map'])
        for model, folder in predictions.items():
            labels[model] = _read_prediction(folder, sample)
            if labels[model].shape != sample['gt_seg_map'].shape:
                raise ValueError(
                    f'The prediction of {name} in {folder} has shape '
                    f'{labels[model].shape}, the image '
                    f'{sample["gt_seg_map"].shape}')
        row = dict(image=cv2.resize(
            sample['img'], (width, height), interpolation=cv2.INTER_AREA))
        for title, ids in labels.items():
            row[title] = cv2.resize(
                paint(ids, palette), (width, height),
                interpolation=cv2.INTER_NEAREST)
        rows.append(row)
    return draw_grid(rows, dataset.metainfo['classes'], palette)
