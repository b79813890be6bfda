"""Load one picture as a data set would."""
import cv2
import numpy as np
from mmseg.registry import TRANSFORMS

IMAGE_KEYS = ('info_band', 'bit_depth')  # of SEMDataset, how to read a file


def load_picture(dataset: dict, path: str) -> tuple[np.ndarray, dict]:
    """Return the picture as it is loaded, and what the pipeline makes of it.

    Annotations are left out.
    """
    sample = dict(img_path=path)
    sample.update({key: dataset[key] for key in IMAGE_KEYS if key in dataset})
    first, *steps = (
        TRANSFORMS.build(step) for step in dataset['pipeline']
        if 'Annotations' not in step['type'])
    try:
        sample = first(sample)
    except (AssertionError, cv2.error) as error:  # mmcv's loader's
        raise ValueError(
            f'{path} cannot be read as an image. It may be truncated or of '
            'another format: open it in an image program and save it as '
            'PNG') from error
    picture = sample['img'].copy()
    for step in steps:
        sample = step(sample)
    return picture, sample
